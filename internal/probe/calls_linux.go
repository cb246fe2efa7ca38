// SPDX-License-Identifier: MIT

package probe

import (
	"os"

	"golang.org/x/sys/unix"
)

// calls tries system calls in this process that change nothing of it.
func calls() Calls {
	c := Calls{
		PIDFD:   closed(unix.PidfdOpen(os.Getpid(), 0)),
		Openat2: closed(unix.Openat2(unix.AT_FDCWD, ".", &unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS})),
		Memfd:   closed(unix.MemfdCreate("probe", unix.MFD_CLOEXEC)),
		// A range in which nothing is open.
		CloseRange: tried(unix.CloseRange(1<<31-2, 1<<31-1, unix.CLOSE_RANGE_CLOEXEC)),
	}
	abi, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno == 0 {
		c.LandlockABI = int(abi)
	}
	return c
}

// closed is the outcome of opening something that nobody needs.
func closed(fd int, err error) Trial {
	if err == nil {
		unix.Close(fd)
	}
	return tried(err)
}
