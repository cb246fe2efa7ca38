// SPDX-License-Identifier: MIT

// Package delta finds what a sandbox changed, from the layers of its overlay,
// and keeps what the sandbox's origin has become since. What lies in an upper
// layer was written by code that nobody trusts.
//
// What has become of the origin is in bases, which are layers, too. One is
// open: what is put into it (Base.Put) was placed into the running sandbox, or
// taken from there, as well. At the next start it becomes the topmost of the
// lower layers (Promote), and is closed by that; of several closed ones one can
// be made (Merge).
package delta
