// SPDX-License-Identifier: MIT

package delta

import (
	"context"
	"os"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Copy makes dst, which must not exist yet, a copy of the layer src: with its
// whiteouts and opaque directories, modes, times, extended attributes, symbolic
// links, FIFOs, sockets, at which nobody listens, and hard links. Holes stay
// holes, and content is cloned where the file system can. Devices that are no
// whiteouts are left out. The copy belongs to owner; if that is unset, to the
// caller, or, if that is root, to whom the files belong.
//
// The layer may be that of a sandbox which is running. What comes and goes
// meanwhile may be missed; a file that is being written may be copied half old
// and half new. No symbolic link is followed. Where the caller is not root, what
// its owner has closed to itself is opened while it is copied. A directory that holds
// paths longer than 4096 bytes is ENAMETOOLONG: what they are could not be told, or
// committed, either. On an error, nothing is left of dst.
func Copy(ctx context.Context, dst, src string, owner tree.Owner) error {
	if err := os.Mkdir(dst, 0o700); err != nil {
		return err
	}
	c := &copying{src: src, dst: dst, named: map[identity]string{}}
	c.owner, c.xattrs, c.intrudes = owner, keeps, true
	c.more.L = &c.mu
	err := c.run(ctx)
	if err != nil {
		_ = tree.Remove(dst)
	}
	return err
}

// copying is a copy under way. Its workers share the directories, and parts of
// large ones.
type copying struct {
	copier
	src, dst string

	mu    sync.Mutex
	more  sync.Cond
	stack []part
	left  int // parts on the stack or in work
	err   error

	dirs  []copiedDir
	named map[identity]string // files with several names: the one that is copied
	links []link
}

// part are names in a directory; all of them if there are none.
type part struct {
	dir   string
	names []string
}

// copiedDir is a directory as it was when it was copied. It gets its attributes
// when it is full.
type copiedDir struct {
	path string
	attributes
	was    unix.Stat_t
	opened bool // while it is copied
}

// link is another name of a file.
type link struct{ first, path string }

func (c *copying) run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { c.fail(context.Cause(ctx)) })
	defer stop()
	defer c.withdraw()
	if err := c.begin(); err != nil {
		return err
	}
	var workers sync.WaitGroup
	for range tree.Workers() {
		workers.Go(c.work)
	}
	workers.Wait()
	if c.err != nil {
		return c.err
	}
	return c.end()
}

// begin copies the root.
func (c *copying) begin() error {
	w, err := c.worker()
	if err != nil {
		return err
	}
	defer w.close()
	fd, err := w.from.Dir("/")
	if err != nil {
		return err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	return w.dir(fd, &st, "/")
}

// fail makes the workers stop.
func (c *copying) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
	}
	c.more.Broadcast()
}

// next waits for a part to copy. It is false when there are no more.
func (c *copying) next() (part, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.stack) == 0 && c.left > 0 && c.err == nil {
		c.more.Wait()
	}
	if len(c.stack) == 0 || c.err != nil {
		return part{}, false
	}
	p := c.stack[len(c.stack)-1]
	c.stack = c.stack[:len(c.stack)-1]
	return p, true
}

// add gives the workers more to do.
func (c *copying) add(parts ...part) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stack = append(c.stack, parts...)
	c.left += len(parts)
	c.more.Broadcast()
}

// done says that a part is copied.
func (c *copying) done() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left--; c.left == 0 {
		c.more.Broadcast()
	}
}

// end makes the other names of files, and gives the directories their
// attributes, the deepest first: a mode may close one to its maker.
func (c *copying) end() error {
	w, err := c.worker()
	if err != nil {
		return err
	}
	defer w.close()
	for _, l := range c.links {
		if err := w.link(l); !tolerable(err) {
			return problem("link", l.path, err)
		}
	}
	c.sortDirs()
	for i := range c.dirs {
		d := &c.dirs[i]
		dirfd, name, err := w.to.At(d.path)
		if err == nil {
			err = d.setAt(dirfd, name, false)
		}
		if err != nil {
			return problem("chmod", d.path, err)
		}
	}
	return nil
}

// sortDirs puts the deepest directories first.
func (c *copying) sortDirs() {
	slices.SortFunc(c.dirs, func(a, b copiedDir) int { return tree.Compare(b.path, a.path) })
}

// withdraw closes the directories of the source that were opened up.
func (c *copying) withdraw() {
	c.sortDirs()
	from, err := tree.OpenCursor(c.src)
	if err != nil {
		return
	}
	defer from.Close()
	for i := range c.dirs {
		if d := &c.dirs[i]; d.opened {
			if fd, err := from.Dir(d.path); err == nil {
				withdraw(fd, &d.was)
			}
		}
	}
}
