// SPDX-License-Identifier: MIT

// Package procs counts the processes of a sandbox.
package procs

import (
	"os"

	"golang.org/x/sys/unix"
)

// Count stands in until the package is merged.
func Count(root *os.File) (int, error) {
	fd, err := unix.Openat2(int(root.Fd()), "proc", &unix.OpenHow{Flags: unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS | unix.RESOLVE_BENEATH})
	if err != nil {
		return 0, err
	}
	f := os.NewFile(uintptr(fd), "proc")
	defer f.Close()
	names, err := f.Readdirnames(-1)
	n := 0
	for _, name := range names {
		if name[0] >= '0' && name[0] <= '9' && name != "1" {
			n++
		}
	}
	return n, err
}
