// SPDX-License-Identifier: MIT

package delta

import (
	"slices"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// share is how many names of a directory a worker takes at a time.
const share = 128

// copyWorker has what one goroutine needs to copy files.
type copyWorker struct {
	*copying
	from, to *tree.Cursor
	buf      []byte
}

func (c *copying) worker() (*copyWorker, error) {
	from, err := tree.OpenCursor(c.src)
	if err != nil {
		return nil, err
	}
	to, err := tree.OpenCursor(c.dst)
	if err != nil {
		_ = from.Close()
		return nil, err
	}
	return &copyWorker{copying: c, from: from, to: to, buf: make([]byte, 64<<10)}, nil
}

func (w *copyWorker) close() {
	_ = w.from.Close()
	_ = w.to.Close()
}

func (c *copying) work() {
	w, err := c.worker()
	if err != nil {
		c.fail(err)
		return
	}
	defer w.close()
	for {
		p, ok := c.next()
		if !ok {
			return
		}
		if err := w.part(p); err != nil {
			c.fail(err)
			return
		}
		c.done()
	}
}

// part copies names in a directory.
func (w *copyWorker) part(p part) error {
	names := p.names
	if names == nil {
		var err error
		if names, err = (layer{w.from}).names(p.dir, w.buf); vanished(err) {
			return nil
		} else if err != nil {
			return problem("readdir", p.dir, err)
		}
		var rest []part
		for chunk := range slices.Chunk(names, share) {
			rest = append(rest, part{p.dir, chunk})
		}
		if len(rest) > 1 {
			slices.Reverse(rest) // the cursors like tree order
			w.add(rest...)
			return nil
		}
	}
	for _, name := range names {
		if tooLong(p.dir, name) {
			return problem("copy", p.dir, unix.ENAMETOOLONG)
		}
		path := tree.Join(p.dir, name)
		if err := w.file(path); !tolerable(err) {
			return problem("copy", path, err)
		}
	}
	return nil
}

// tolerable reports whether a copy is whole without a file: whether it was none
// that is copied, or is not there any more.
func tolerable(err error) bool { return err == nil || vanished(err) || err == errSkipped }

// file copies a file, or makes a directory, to be filled later.
func (w *copyWorker) file(path string) error {
	src, name, err := w.from.At(path)
	if err != nil {
		return err
	}
	fd, err := openAt(src, name, unix.O_PATH)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		return w.dir(fd, &st, path)
	}
	if st.Nlink > 1 && !w.isFirst(fd, path) {
		return nil
	}
	dst, name, err := w.to.At(path)
	if err != nil {
		return err
	}
	return w.copy(fd, &st, dst, name)
}

// isFirst reports whether a file with several names is met for the first time.
// Else it is linked when all are copied.
func (w *copyWorker) isFirst(fd int, path string) bool {
	id, err := identify(fd)
	if err != nil {
		return true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	first, there := w.named[id]
	if there {
		w.links = append(w.links, link{first, path})
		return false
	}
	w.named[id] = path
	return true
}

// link makes another name of a file. If that was not copied, or cannot have one
// more, the file is copied.
func (w *copyWorker) link(l link) error {
	if w.linkTo(l.first, l.path) == nil {
		return nil
	}
	src, name, err := w.from.At(l.path)
	if err != nil {
		return err
	}
	dst, _, err := w.to.At(l.path)
	if err != nil {
		return err
	}
	return w.copyAt(src, name, dst, name)
}

func (w *copyWorker) linkTo(first, path string) error {
	fd, err := (layer{w.to}).open(first, unix.O_PATH) // the cursor forgets where it was
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	dst, name, err := w.to.At(path)
	if err != nil {
		return err
	}
	return unix.Linkat(unix.AT_FDCWD, self(fd), dst, name, unix.AT_SYMLINK_FOLLOW)
}

// dir makes a directory. One that its owner has closed to itself is opened up
// until all is copied.
func (w *copyWorker) dir(fd int, st *unix.Stat_t, path string) error {
	d := copiedDir{path: path, attributes: *w.attributes(st), was: *st}
	var err error
	if d.opened, err = permit(fd, st); err != nil {
		return err
	}
	w.mu.Lock()
	w.dirs = append(w.dirs, d)
	w.mu.Unlock()
	if path != "/" {
		dst, name, err := w.to.At(path)
		if err == nil {
			err = unix.Mkdirat(dst, name, 0o700)
		}
		if err != nil {
			return err
		}
	}
	dst, err := w.to.Dir(path)
	if err != nil {
		return err
	}
	if err := copyXattrs(fd, dst, w.xattrs); err != nil {
		return err
	}
	w.add(part{dir: path})
	return nil
}
