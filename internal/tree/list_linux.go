// SPDX-License-Identifier: MIT

package tree

import (
	"context"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

const (
	// listFDs bounds the descriptors that one listing keeps open.
	listFDs = 256
	// listBuffer is the size of each worker's getdents64(2) buffer.
	listBuffer = 64 << 10

	openDir = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC
)

// node is a directory that is being listed. Its descriptor stays open until
// the last of its subdirectories has been opened, unless too many are.
type node struct {
	parent *node
	path   string

	fd      int
	waiting atomic.Int32

	entries  []Entry // what it holds, by name
	children []*node // its subdirectories, by name
	problems []Problem
}

// lister shares the directories of one tree among its workers.
type lister struct {
	ctx   context.Context
	prune func(string) bool
	root  int
	open  atomic.Int32

	mu    sync.Mutex
	more  sync.Cond
	stack []*node // last in, first out: keeps few descriptors open
	left  int     // directories on the stack or in work
}

func (t *Tree) fill(ctx context.Context, o *options) error {
	root, err := retry(func() (int, error) {
		return unix.Open(t.Dir, openDir&^unix.O_NOFOLLOW, 0)
	})
	if err != nil {
		return &fs.PathError{Op: "list", Path: t.Dir, Err: err}
	}
	defer unix.Close(root)
	var st unix.Stat_t
	if err := unix.Fstat(root, &st); err != nil {
		return &fs.PathError{Op: "list", Path: t.Dir, Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return notDirectory(t.Dir)
	}

	top := &node{path: "/", fd: -1}
	l := &lister{ctx: ctx, prune: o.prune, root: root, stack: []*node{top}, left: 1}
	l.more.L = &l.mu
	var workers sync.WaitGroup
	for range Workers() {
		workers.Go(l.work)
	}
	workers.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	t.Entries = make([]Entry, 0, count(top)+1)
	t.Entries = append(t.Entries, EntryOf("/", &st))
	t.gather(top)
	slices.SortStableFunc(t.Problems, func(a, b Problem) int { return Compare(a.Path, b.Path) })
	return nil
}

func (l *lister) work() {
	buf := make([]byte, listBuffer)
	for {
		n := l.next()
		if n == nil {
			return
		}
		if l.ctx.Err() == nil {
			l.list(n, buf)
		} else {
			n.parent.opened(l)
		}
		l.done(n)
	}
}

// next waits for a directory to list. It returns nil when there are no more.
func (l *lister) next() *node {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.stack) == 0 && l.left > 0 {
		l.more.Wait()
	}
	if len(l.stack) == 0 {
		return nil
	}
	n := l.stack[len(l.stack)-1]
	l.stack = l.stack[:len(l.stack)-1]
	return n
}

// done puts n's subdirectories on the stack.
func (l *lister) done(n *node) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, child := range slices.Backward(n.children) {
		l.stack = append(l.stack, child)
	}
	l.left += len(n.children) - 1
	if l.left == 0 || len(n.children) > 1 {
		l.more.Broadcast()
	}
}

// list reads the directory n and examines what it holds.
func (l *lister) list(n *node, buf []byte) {
	fd, err := l.openNode(n)
	if err != nil {
		n.problems = append(n.problems, problem("open", n.path, err))
		return
	}
	prefix := n.path
	if prefix != "/" {
		prefix += "/"
	}
	paths, err := Names(fd, prefix, buf)
	if err != nil {
		n.problems = append(n.problems, problem("readdir", n.path, err))
	}
	n.entries = make([]Entry, 0, len(paths))
	for _, path := range paths {
		l.examine(n, fd, path, path[len(prefix):])
	}
	if len(n.children) > 0 && l.open.Load() < listFDs {
		l.open.Add(1)
		n.waiting.Store(int32(len(n.children)))
		n.fd = fd
		return
	}
	unix.Close(fd)
}

func (l *lister) examine(n *node, fd int, path, name string) {
	var st unix.Stat_t
	link, err := StatAt(fd, name, &st)
	if err == unix.ENOENT {
		return
	}
	if err != nil {
		n.entries = append(n.entries, Entry{Path: path, Mode: fs.ModeIrregular})
		n.problems = append(n.problems, problem("lstat", path, err))
		return
	}
	e := EntryOf(path, &st)
	e.Link = link
	if e.Mode.IsDir() && (l.prune == nil || !l.prune(path)) {
		n.children = append(n.children, &node{parent: n, path: path, fd: -1})
	}
	n.entries = append(n.entries, e)
}

// openNode opens n for reading: beneath its parent's descriptor where that is
// still open, else name by name from the root.
func (l *lister) openNode(n *node) (int, error) {
	if n.parent == nil {
		return retry(func() (int, error) { return unix.Openat(l.root, ".", openDir, 0) })
	}
	if n.parent.fd >= 0 {
		defer n.parent.opened(l)
		_, name := Split(n.path)
		return retry(func() (int, error) { return unix.Openat(n.parent.fd, name, openDir, 0) })
	}
	return OpenAt(l.root, n.path, openDir)
}

// opened tells n that one subdirectory less needs its descriptor.
func (n *node) opened(l *lister) {
	if n != nil && n.fd >= 0 && n.waiting.Add(-1) == 0 {
		unix.Close(n.fd)
		l.open.Add(-1)
	}
}

// OpenAt opens path beneath the directory root, name by name, following no
// symbolic link. The length of path has no limit.
func OpenAt(root int, path string, flags int) (int, error) {
	fd := root
	rest := strings.TrimPrefix(path, "/")
	if rest == "" {
		rest = "."
	}
	for {
		name, after, more := strings.Cut(rest, "/")
		how := flags | unix.O_NOFOLLOW | unix.O_CLOEXEC
		if more {
			how = unix.O_PATH | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC
		}
		next, err := retry(func() (int, error) { return unix.Openat(fd, name, how, 0) })
		if fd != root {
			unix.Close(fd)
		}
		if err != nil || !more {
			return next, err
		}
		fd, rest = next, after
	}
}

func count(n *node) int {
	sum := len(n.entries)
	for _, child := range n.children {
		sum += count(child)
	}
	return sum
}

// gather appends what n and its subdirectories hold, in tree order.
func (t *Tree) gather(n *node) {
	t.Problems = append(t.Problems, n.problems...)
	children := n.children
	for i := range n.entries {
		e := &n.entries[i]
		t.Entries = append(t.Entries, *e)
		if len(children) > 0 && children[0].path == e.Path {
			t.gather(children[0])
			children = children[1:]
		}
	}
}

func problem(op, path string, err error) Problem {
	return Problem{Path: path, Err: &fs.PathError{Op: op, Path: path, Err: err}}
}
