// SPDX-License-Identifier: MIT

package codebase

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/copyfile"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// share is how many files a worker takes at a time.
const share = 128

// rootName is the layer within its own directory.
const rootName = "root"

// builder makes a layer of items.
type builder struct {
	disk  *disk
	owner tree.Owner
	dir   string // that of the layer; "" to make none
	items []item
	from  shelf
	// file, if any, is called for each regular file before it is linked. It may
	// say that there is none.
	file func(w *worker, it *item) (ok bool, err error)

	next atomic.Int64
}

// worker is what one goroutine needs.
type worker struct {
	objects *reach
	dst     *tree.Cursor // nil when no layer is made
	src     *tree.Cursor // of an import
	buf     []byte
}

func (b *builder) build(ctx context.Context) error {
	if b.dir != "" {
		if err := b.disk.mkdir(filepath.Join(b.dir, rootName), 0o700); err != nil {
			return err
		}
		if err := b.eachDir(false, b.makeDir); err != nil {
			return err
		}
	}
	if err := b.makeFiles(ctx); err != nil {
		return err
	}
	if b.dir == "" {
		return nil
	}
	// The deepest first: a mode may close a directory to its maker.
	return b.eachDir(true, func(dirfd int, name string, e *tree.Entry) error {
		return tree.FinishDir(dirfd, name, e, b.owner)
	})
}

func (b *builder) root() string { return filepath.Join(b.dir, rootName) }

func (b *builder) makeDir(dirfd int, name string, _ *tree.Entry) error {
	if name == "." {
		return nil
	}
	return b.disk.try("mkdir", func() error { return tree.MakeDir(dirfd, name) })
}

func (b *builder) eachDir(backwards bool, f func(dirfd int, name string, e *tree.Entry) error) error {
	dst, err := tree.OpenCursor(b.root())
	if err != nil {
		return err
	}
	defer dst.Close()
	for i := range b.items {
		if backwards {
			i = len(b.items) - 1 - i
		}
		it := &b.items[i]
		if !it.Mode.IsDir() || it.whiteout {
			continue
		}
		dirfd, name, err := dst.At(it.Path)
		if err == nil {
			err = f(dirfd, name, &it.Entry)
		}
		if err != nil {
			return pathError("mkdir", it.Path, err)
		}
	}
	return nil
}

// makeFiles makes all that is not a directory. A few files are not worth a
// second goroutine.
func (b *builder) makeFiles(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var workers sync.WaitGroup
	for range min(tree.Workers(), len(b.items)/share+1) {
		workers.Go(func() {
			if err := b.work(ctx); err != nil {
				stop(err)
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}

func (b *builder) work(ctx context.Context) error {
	w := &worker{objects: b.from.reach()}
	defer w.objects.close()
	if b.dir != "" {
		var err error
		if w.dst, err = tree.OpenCursor(b.root()); err != nil {
			return err
		}
		defer w.dst.Close()
	}
	if b.file != nil {
		buf := buffers.Get().(*[copyfile.BufferSize]byte)
		defer buffers.Put(buf)
		w.buf = buf[:]
	}
	defer func() {
		if w.src != nil {
			w.src.Close()
		}
	}()
	for ctx.Err() == nil {
		end := int(b.next.Add(share))
		if end-share >= len(b.items) {
			return nil
		}
		for i := end - share; i < min(end, len(b.items)); i++ {
			it := &b.items[i]
			if it.Mode.IsDir() {
				continue
			}
			if err := b.make(w, it); err != nil {
				return pathError("checkout", it.Path, err)
			}
		}
	}
	return nil
}

func (b *builder) make(w *worker, it *item) error {
	if b.file != nil && it.Mode.IsRegular() {
		if ok, err := b.file(w, it); !ok {
			return err
		}
	}
	if b.dir == "" {
		return nil
	}
	dst, name, err := w.dst.At(it.Path)
	if err != nil {
		return err
	}
	switch {
	case it.whiteout:
		return b.disk.try("mknod", func() error { return unix.Mknodat(dst, name, unix.S_IFCHR, 0) })
	case it.Mode&fs.ModeSymlink != 0:
		return b.disk.try("symlink", func() error { return tree.MakeLink(dst, name, &it.Entry, b.owner) })
	}
	dir, object, err := w.objects.find(it.seq)
	if err != nil {
		return err
	}
	return b.disk.link(dir, object, dst, name)
}

// protect lets only the sandboxes' user, of all others, into a directory.
func protect(dir string, owner tree.Owner) error {
	if !owner.Set() {
		return nil // it was made for its owner alone
	}
	if err := os.Chown(dir, -1, owner.GID); err != nil {
		return err
	}
	return os.Chmod(dir, 0o710)
}
