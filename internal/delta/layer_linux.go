// SPDX-License-Identifier: MIT

package delta

import (
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// layer is one directory tree of an overlay.
type layer struct {
	*tree.Cursor
}

// found is a file in a layer.
type found struct {
	tree.Entry
	rdev   uint64
	blocks int64 // on disk
	layer  layer
}

// whiteout reports whether the file says "this name is gone".
func (f *found) whiteout() bool {
	return f.Mode.Type() == charDevice && f.rdev == 0
}

// find examines path in the layer. A path that is not there, or whose way is
// none of directories, is nil.
func (l layer) find(path string) (*found, error) {
	dirfd, name, err := l.At(path)
	if err != nil {
		return nil, absent(err)
	}
	return l.examine(dirfd, name, path)
}

func (l layer) examine(dirfd int, name, path string) (*found, error) {
	var st unix.Stat_t
	link, err := tree.StatAt(dirfd, name, &st)
	if err != nil {
		return nil, absent(err)
	}
	f := &found{Entry: tree.EntryOf(path, &st), rdev: uint64(st.Rdev), blocks: st.Blocks, layer: l} //nolint:unconvert // its width depends on the architecture
	f.Link = link
	return f, nil
}

// names lists a directory of the layer, sorted.
func (l layer) names(path string, buf []byte) ([]string, error) {
	fd, err := l.open(path, unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	return tree.Names(fd, "", buf)
}

func (l layer) open(path string, flags int) (int, error) {
	dirfd, name, err := l.At(path)
	if err != nil {
		return -1, err
	}
	for {
		fd, err := unix.Openat(dirfd, name, flags|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
		if err != unix.EINTR {
			return fd, err
		}
	}
}

// opaqueAttrs make a directory opaque.
var opaqueAttrs = [...]string{opaqueAttr, "trusted.overlay.opaque"}

// opaque reports whether a directory hides what lower layers hold under its
// name: by the attribute of an overlay mounted with userxattr, or that of one
// mounted by root, where it can be read.
func (l layer) opaque(path string) bool {
	fd, err := l.Dir(path)
	if err != nil {
		return false
	}
	return opaque(fd)
}

func opaque(fd int) bool {
	// The calls for descriptors refuse those of O_PATH.
	name := self(fd)
	for _, attr := range opaqueAttrs {
		var value [2]byte
		if n, err := unix.Getxattr(name, attr, value[:]); err == nil && n == 1 && value[0] == 'y' {
			return true
		}
	}
	return false
}

// self names an open file.
func self(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

// absent makes no error of those that say that there is nothing.
func absent(err error) error {
	if vanished(err) {
		return nil
	}
	return err
}

// vanished reports that a name, or a directory on the way to it, is not there
// or is something else: a moment ago it may have been, since commands of the
// sandbox work on the upper layer, and its owner on a live one.
func vanished(err error) bool {
	switch err {
	case unix.ENOENT, unix.ENOTDIR, unix.ELOOP, unix.ESTALE:
		return true
	}
	return false
}
