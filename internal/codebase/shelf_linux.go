// SPDX-License-Identifier: MIT

package codebase

import (
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// perDir is how many objects a directory holds.
const perDir = 1000

// shelf is a set of directories that hold objects by number: number n is the
// file n%perDir of the directory prefix followed by n/perDir.
type shelf struct {
	dir    string
	prefix string
}

func (s shelf) sub(n uint64) string {
	return filepath.Join(s.dir, s.prefix+strconv.FormatUint(n, 10))
}

func (s shelf) path(seq uint64) string {
	return filepath.Join(s.sub(seq/perDir), objectName(seq))
}

// clear removes the directories that objects were in, where nothing is left and
// nothing is to come: those before the directory of the next object.
func (s shelf) clear(runs []run, next uint64) {
	for _, r := range runs {
		for k := r.from / perDir; k <= (r.from+r.count-1)/perDir && k < next/perDir; k++ {
			_ = unix.Rmdir(s.sub(k)) // ENOTEMPTY where something is
		}
	}
}

func objectName(seq uint64) string { return strconv.FormatUint(seq%perDir, 10) }

// reach opens the directories of a shelf one at a time. It is for one
// goroutine.
type reach struct {
	shelf
	fd int
	at uint64
}

func (s shelf) reach() *reach { return &reach{shelf: s, fd: -1} }

// find returns the open directory of an object, good until the next call, and
// its name there.
func (r *reach) find(seq uint64) (dirfd int, name string, err error) {
	if r.fd < 0 || r.at != seq/perDir {
		r.close()
		fd, err := unix.Open(r.sub(seq/perDir), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			return -1, "", err
		}
		r.fd, r.at = fd, seq/perDir
	}
	return r.fd, objectName(seq), nil
}

func (r *reach) close() {
	if r.fd >= 0 {
		unix.Close(r.fd)
		r.fd = -1
	}
}
