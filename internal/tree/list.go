// SPDX-License-Identifier: MIT

package tree

import (
	"context"
	"io/fs"
	"path/filepath"
	"syscall"
	"time"
)

// Option changes what List does.
type Option func(*options)

type options struct {
	prune func(path string) bool
}

// Prune keeps List from descending into the directories for which prune says
// true; they are listed, what lies beneath them is not. The root is never
// asked for. prune is called from several goroutines at once.
func Prune(prune func(path string) bool) Option {
	return func(o *options) { o.prune = prune }
}

// List lists dir and all that lies beneath it. A dir that is a symbolic link
// is followed; no link beneath it is. A missing dir or one that is no
// directory is a *fs.PathError; what cannot be read further down is one of the
// tree's Problems. An entry that vanishes meanwhile is left out.
func List(ctx context.Context, dir string, opts ...Option) (*Tree, error) {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, &fs.PathError{Op: "list", Path: dir, Err: err}
	}
	t := &Tree{Dir: abs, Listed: time.Now().UnixNano()}
	if err := t.fill(ctx, &o); err != nil {
		return nil, err
	}
	return t, nil
}

func notDirectory(dir string) error {
	return &fs.PathError{Op: "list", Path: dir, Err: syscall.ENOTDIR}
}
