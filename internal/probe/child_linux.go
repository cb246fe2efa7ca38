// SPDX-License-Identifier: MIT

package probe

import (
	"errors"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// runChild tries one thing after the other and tells its parent of each. What
// it does to itself ends with it.
func runChild(purpose string) int {
	if purpose == forNothing {
		return 0
	}
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return 1
	}
	// The parent may have to look at this process's namespaces first.
	var begin [1]byte
	if n, err := unix.Read(socketFD, begin[:]); n != 1 || err != nil {
		return 1
	}
	tryMounts(purpose)
	tell("landlock", tryLandlock())
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return 1
	}
	tryFilters()
	return 0
}

// tell sends the outcome of one step, with a file where there is one.
func tell(step string, err error, files ...int) {
	packet := step + " " + strconv.Itoa(int(errnoOf(err)))
	var oob []byte
	if len(files) > 0 {
		oob = unix.UnixRights(files...)
	}
	_ = unix.Sendmsg(socketFD, []byte(packet), oob, nil, unix.MSG_NOSIGNAL)
}

func errnoOf(err error) syscall.Errno {
	var errno syscall.Errno
	switch {
	case err == nil:
		return 0
	case errors.As(err, &errno):
		return errno
	}
	return unix.EIO
}
