// SPDX-License-Identifier: MIT

package reexec

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// Strays lists the files above a number that the process was given when it was executed.
// A program may have some open that are not close-on-exec, a service manager's sockets
// for instance, and whoever waits for their end must not wait for that of a process
// which does not know of them. The files that this one, its runtime or the program's packages
// have opened since are close-on-exec, and none of these.
func Strays(above int) ([]int, error) {
	dir, err := unix.Open("/proc/self/fd", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(dir)
	var strays []int
	for buf := make([]byte, 4096); ; {
		n, err := unix.ReadDirent(dir, buf)
		if err != nil || n == 0 {
			return strays, err
		}
		_, _, names := unix.ParseDirent(buf[:n], -1, nil)
		for _, name := range names {
			fd, _ := strconv.Atoi(name)
			flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
			if err == nil && fd > above && flags&unix.FD_CLOEXEC == 0 {
				strays = append(strays, fd)
			}
		}
	}
}
