// SPDX-License-Identifier: MIT

package delta

// Layers are the directories of which a sandbox's workspace is made, and the
// one that says what its origin has become meanwhile. All are in the form of
// overlay layers: a whiteout is a character device 0:0, and an opaque directory
// has the attribute user.overlay.opaque.
//
// What the sandbox has is Upper over Lower, which is what is mounted. What it
// is compared with is Open over Lower. Upper and Open may both change while they
// are read.
type Layers struct {
	// Upper holds what the sandbox changed. "" when it can change nothing.
	Upper string
	// Open is the open base: what has become of the origin since the sandbox
	// was mounted. It is not mounted, so that it may change. "" when there is
	// none.
	Open string
	// Lower are the layers that are mounted beneath Upper, the topmost first:
	// the closed bases, then what the sandbox began with.
	Lower []string
}

// RisingName is the name of what Promote copies up until it is whole. A process that was
// killed can have left it, in an upper layer with an open base.
const RisingName = ".sandbox-rising.tmp"
