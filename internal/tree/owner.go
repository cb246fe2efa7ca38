// SPDX-License-Identifier: MIT

package tree

// Owner is who shall own what is created on disk for a sandbox. A negative UID
// leaves things to the caller's own identity.
type Owner struct{ UID, GID int }

// Caller leaves the owner as it is.
var Caller = Owner{UID: -1, GID: -1}

// Set reports whether the owner has to be changed at all.
func (o Owner) Set() bool { return o.UID >= 0 }
