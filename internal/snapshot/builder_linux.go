// SPDX-License-Identifier: MIT

package snapshot

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/copyfile"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

const (
	// share is how many files a worker takes at a time.
	share = 128
	// missingMode is the mode of directories that write rules need.
	missingMode = fs.ModeDir | 0o755
)

// builder fills a new snapshot.
type builder struct {
	source string
	dir    string
	owner  tree.Owner
	chosen *selection
	bases  []*held

	from   [][]bool // for each base: the items to link
	copier copyfile.Copier
	next   atomic.Int64

	mu sync.Mutex // guards chosen.skipped
}

func (b *builder) build(ctx context.Context) error {
	if err := os.Mkdir(b.dir, 0o700); err != nil {
		return err
	}
	dirs := b.directories()
	if err := b.eachDir(dirs, makeDir); err != nil {
		return err
	}
	for _, base := range b.bases {
		b.from = append(b.from, b.chosen.shared(base.chosen, base.source.Listed))
	}
	if err := b.copyFiles(ctx); err != nil {
		return err
	}
	return b.finishDirs(dirs)
}

// directories returns those of the source and the missing ones. No missing one
// holds one of the source.
func (b *builder) directories() []tree.Entry {
	var dirs []tree.Entry
	for i := range b.chosen.items {
		if it := &b.chosen.items[i]; it.kind == directory {
			dirs = append(dirs, it.Entry)
		}
	}
	root := dirs[0]
	for _, path := range b.chosen.missing {
		dirs = append(dirs, tree.Entry{Path: path, Mode: missingMode, ModTime: root.ModTime})
	}
	return dirs
}

func (b *builder) eachDir(dirs []tree.Entry, f func(dirfd int, name string, e *tree.Entry) error) error {
	dst, err := tree.OpenCursor(b.dir)
	if err != nil {
		return err
	}
	defer dst.Close()
	for i := range dirs {
		dirfd, name, err := dst.At(dirs[i].Path)
		if err == nil {
			err = f(dirfd, name, &dirs[i])
		}
		if err != nil {
			return &fs.PathError{Op: "mkdir", Path: dirs[i].Path, Err: err}
		}
	}
	return nil
}

func makeDir(dirfd int, name string, e *tree.Entry) error {
	if name == "." {
		return nil
	}
	return tree.MakeDir(dirfd, name)
}

// finishDirs sets the directories' attributes, the deepest first: a mode may
// close a directory to its maker.
func (b *builder) finishDirs(dirs []tree.Entry) error {
	src, err := tree.OpenCursor(b.source)
	if err != nil {
		return err
	}
	defer src.Close()
	backwards := make([]tree.Entry, 0, len(dirs))
	for i := len(dirs) - 1; i >= 0; i-- {
		backwards = append(backwards, dirs[i])
	}
	return b.eachDir(backwards, func(dirfd int, name string, e *tree.Entry) error {
		if from, err := src.Dir(e.Path); err == nil {
			copyfile.DirAttributes(from, dirfd, name)
		}
		return tree.FinishDir(dirfd, name, e, b.owner)
	})
}

// copyFiles makes all that is not a directory, with several workers.
func (b *builder) copyFiles(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var workers sync.WaitGroup
	for range tree.Workers() {
		workers.Go(func() {
			if err := b.work(ctx); err != nil {
				stop(err)
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}

// worker has what one goroutine needs to make files.
type worker struct {
	*builder
	src, dst *tree.Cursor
	bases    []*tree.Cursor
	buf      []byte
}

func (b *builder) work(ctx context.Context) error {
	w := worker{builder: b, buf: make([]byte, copyfile.BufferSize)}
	var err error
	if w.src, err = tree.OpenCursor(b.source); err != nil {
		return err
	}
	defer w.src.Close()
	if w.dst, err = tree.OpenCursor(b.dir); err != nil {
		return err
	}
	defer w.dst.Close()
	for _, base := range b.bases {
		c, err := tree.OpenCursor(base.Dir)
		if err != nil {
			return err
		}
		defer c.Close()
		w.bases = append(w.bases, c)
	}
	for ctx.Err() == nil {
		end := int(b.next.Add(share))
		if end-share >= len(b.chosen.items) {
			return nil
		}
		for i := end - share; i < min(end, len(b.chosen.items)); i++ {
			it := &b.chosen.items[i]
			if err := w.make(i, it); err != nil {
				return &fs.PathError{Op: "copy", Path: it.Path, Err: err}
			}
		}
	}
	return nil
}

// make makes the file of one item.
func (w *worker) make(i int, it *item) error {
	if it.kind == directory {
		return nil
	}
	dst, name, err := w.dst.At(it.Path)
	if err != nil {
		return err
	}
	switch {
	case it.kind == link:
		return tree.MakeLink(dst, name, &it.Entry, w.owner)
	case w.link(i, it.Path, dst, name):
		return nil
	case it.kind == placeholder:
		return tree.MakePlaceholder(dst, name, &it.Entry, w.owner)
	}
	src, name, err := w.src.At(it.Path)
	if err != nil {
		err = &copyfile.SourceError{Err: err}
	} else {
		err = w.copyFile(src, dst, name, it)
	}
	if problem := (*copyfile.SourceError)(nil); errors.As(err, &problem) {
		w.skip(it, problem.Err)
		return nil
	}
	return err
}

// copyFile copies a regular file. The item becomes what was copied, which may
// be newer than what was listed.
func (w *worker) copyFile(src, dst int, name string, it *item) error {
	return w.copier.Copy(src, name, dst, name, w.buf, func(out int, st *unix.Stat_t) error {
		it.Entry = tree.EntryOf(it.Path, st)
		return tree.FinishFile(out, tree.Perm(it.Mode), it.ModTime, w.owner)
	})
}

// link tries to take the file from an earlier snapshot.
func (w *worker) link(i int, path string, dst int, name string) bool {
	for n, c := range w.bases {
		if !w.from[n][i] {
			continue
		}
		src, _, err := c.At(path)
		if err == nil && unix.Linkat(src, name, dst, name, 0) == nil {
			return true
		}
	}
	return false
}

func (b *builder) skip(it *item, err error) {
	it.skipped = true
	b.mu.Lock()
	defer b.mu.Unlock()
	b.chosen.skipped = append(b.chosen.skipped, tree.Problem{
		Path: it.Path, Err: &fs.PathError{Op: "open", Path: it.Path, Err: err},
	})
}
