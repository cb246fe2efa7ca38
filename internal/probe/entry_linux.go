// SPDX-License-Identifier: MIT

package probe

import "os"

// childArg is the argument 0 by which a process knows that it is a child of a
// probe. Its one argument is what it is for.
const childArg = "sandbox-probe"

// What a child is for: to end at once, as root's work directory is inherited as
// a detached mount, or as the name of the work directory.
const (
	forNothing   = ""
	forInherited = "#"
)

// The child's files.
const (
	socketFD = 3 // its parent's, SOCK_SEQPACKET
	layerFD  = 4 // forInherited: the mount
)

// init takes over the process when it was started as a probe's child, before
// the program's own main could run. The main goroutine is on the main thread
// here and stays on it.
func init() {
	if len(os.Args) == 2 && os.Args[0] == childArg {
		os.Exit(runChild(os.Args[1]))
	}
}
