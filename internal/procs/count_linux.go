// SPDX-License-Identifier: MIT

package procs

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Count returns how many processes a sandbox has besides its init, its root
// directory being given. Zombies count until they are reaped. It is an error when
// the sandbox has ended.
//
// The sandbox can mount nothing over its /proc. Were there anything else all the
// same, it would not be followed, entered, or believed.
func Count(root *os.File) (int, error) {
	fd, err := open(root)
	if err != nil {
		return 0, fmt.Errorf("opening a sandbox's /proc: %w", err)
	}
	defer unix.Close(fd)
	n := 0
	// Room for some hundred processes, and for what else there is, at once.
	for buf := make([]byte, 16<<10); ; {
		got, err := unix.Getdents(fd, buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("reading a sandbox's /proc: %w", err)
		}
		if got == 0 {
			return n, nil
		}
		_, _, names := unix.ParseDirent(buf[:got], -1, nil)
		for _, name := range names {
			if isProcess(name) {
				n++
			}
		}
	}
}

func open(root *os.File) (int, error) {
	raw, err := root.SyscallConn()
	if err != nil {
		return -1, err
	}
	fd := -1
	ctl := raw.Control(func(dir uintptr) {
		fd, err = unix.Openat2(int(dir), "proc", &unix.OpenHow{
			Flags:   unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC,
			Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS,
		})
	})
	if err := errors.Join(ctl, err); err != nil {
		return -1, err
	}
	var fs unix.Statfs_t
	if err := unix.Fstatfs(fd, &fs); err != nil || fs.Type != unix.PROC_SUPER_MAGIC {
		unix.Close(fd)
		return -1, errors.Join(err, unix.ESRCH)
	}
	return fd, nil
}
