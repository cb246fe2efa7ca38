// SPDX-License-Identifier: MIT

//go:build !linux

package tree

import "time"

// Settle returns the time.
func (t *Tree) Settle() int64 { return time.Now().UnixNano() }
