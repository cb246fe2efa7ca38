// SPDX-License-Identifier: MIT

package delta

import (
	"io/fs"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Empty removes all that a layer, which must not be mounted, holds. The
// directory itself stays, with its owner and mode.
func Empty(dir string) error {
	fd, err := openAt(unix.AT_FDCWD, dir, unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return &fs.PathError{Op: "open", Path: dir, Err: err}
	}
	defer unix.Close(fd)
	names, err := tree.Names(fd, "", make([]byte, 64<<10))
	for _, name := range names {
		if err == nil {
			err = tree.RemoveAt(fd, name)
		}
	}
	if err != nil {
		return &fs.PathError{Op: "empty", Path: dir, Err: err}
	}
	return nil
}
