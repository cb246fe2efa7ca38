// SPDX-License-Identifier: MIT

package delta

import (
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Base is an open base that is being changed. It is for one goroutine at a
// time, and there is one at a time for a base; Changes may read it meanwhile.
type Base struct {
	*stacks
	copier
	scratch int    // a directory beside the base, where files are made
	dir     string // its path
	opened  []spot // directories whose modes keep their owner out: see permit
}

// OpenBase opens the open base of some layers, and makes it if it is missing,
// with the attributes that the root of the lower layers has. What is put into
// it belongs to owner. The upper layer is not looked at. While the Base is open
// there is a directory beside it with its name and ".tmp".
func OpenBase(l Layers, owner tree.Owner) (*Base, error) {
	b := &Base{scratch: -1, dir: l.Open + ".tmp"}
	b.owner, b.xattrs = owner, plain
	if err := b.begin(l); err != nil {
		_ = b.Close()
		return nil, err
	}
	return b, nil
}

func (b *Base) begin(l Layers) (err error) {
	if err := tree.Remove(b.dir); err != nil { // of one that was killed
		return err
	}
	if _, err := os.Lstat(l.Open); os.IsNotExist(err) {
		err = b.make(l)
		if err != nil {
			return err
		}
	}
	if b.stacks, err = (Layers{Open: l.Open, Lower: l.Lower}).open(); err != nil {
		return err
	}
	if err := os.Mkdir(b.dir, 0o700); err != nil {
		return err
	}
	b.scratch, err = openAt(unix.AT_FDCWD, b.dir, unix.O_RDONLY|unix.O_DIRECTORY)
	return err
}

// make makes a base that holds nothing.
func (b *Base) make(l Layers) error {
	s, err := Layers{Lower: l.Lower}.open()
	if err != nil {
		return err
	}
	defer s.close()
	root, err := lookup(s.lower, "/")
	if err != nil {
		return err
	}
	if err := os.Mkdir(b.dir, 0o700); err != nil {
		return err
	}
	if err := b.imitate(root, unix.AT_FDCWD, b.dir, DefaultParentMode); err != nil {
		return &fs.PathError{Op: "mkdir", Path: l.Open, Err: err}
	}
	return os.Rename(b.dir, l.Open)
}

// Close closes the base.
func (b *Base) Close() error {
	if b.stacks != nil {
		b.close()
	}
	if b.scratch >= 0 {
		unix.Close(b.scratch)
	}
	return tree.Remove(b.dir)
}

// imitate gives a directory of the base the attributes of what the lower layers
// have in its place, or a mode where they have none.
func (b *Base) imitate(m *merged, dirfd int, name string, mode fs.FileMode) error {
	if m.dir() == nil {
		return b.given(mode, time.Now().UnixNano()).setAt(dirfd, name, false)
	}
	src, err := m.layer.Dir(m.Path)
	if err != nil {
		return err
	}
	return b.finishDir(src, dirfd, name)
}

// given are attributes that a caller asks for.
func (b *Base) given(mode fs.FileMode, mtime int64) *attributes {
	return &attributes{mode: tree.Perm(mode), owner: b.owner, mtime: unix.NsecToTimespec(mtime)}
}
