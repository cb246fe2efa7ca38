// SPDX-License-Identifier: MIT

package initproc

import "golang.org/x/sys/unix"

// openFiles is the soft limit of open files that commands begin with, as a
// login would: some programs close as many as they may have.
const openFiles = 1024

// commandFiles is the limit of open files of a command, where the init has own and its
// owner grants another number; 0 grants any.
//
// It is half of the init's at most. The kernel counts the descriptors that are under
// way between processes by user, over all sandboxes, and refuses to send more when
// they exceed the sender's limit (ETOOMANYREFS of unix(7)): commands meet theirs while
// inits can still hand over what they have to.
func commandFiles(own, granted uint64) unix.Rlimit {
	most := own / 2
	if granted > 0 {
		most = min(most, granted)
	}
	return unix.Rlimit{Cur: min(most, openFiles), Max: most}
}
