// SPDX-License-Identifier: MIT

package codebase

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Rebuild makes in dir, which must not exist, what the checkout of a name shows, as far
// as that is still known, for a checkout that has been lost. It returns the directory in
// it for overlayfs, which the caller may do with as it likes.
//
// The database knows the current version only. If that is another one, or objects are
// lost as well, exact is false: then there is the current version, with empty files in
// the place of what is lost; of a codebase that was deleted there is nothing.
func (s *Store) Rebuild(ctx context.Context, name, dir string) (root string, exact bool, err error) {
	id, layer, _ := strings.Cut(name, "/")
	_, version, ok := parseLayerName(layer)
	if validateID(id) != nil || !ok {
		return "", false, pathError("rebuild", name, fs.ErrNotExist)
	}
	c := s.codebase(id)
	defer c.pin()()
	items := []item{{Entry: tree.Entry{Path: "/", Mode: fs.ModeDir | 0o755}}}
	err = c.view(ctx, func(v *contents) error {
		records, err := v.all()
		if err != nil {
			return err
		}
		items = wholeItems(records)
		exact = v.Version == version || version >= v.floor && len(v.since(version, 1)) == 0
		return nil
	})
	if err != nil && !errors.Is(err, ErrNotFound) {
		return "", false, err
	}
	temp := dir + ".tmp"
	if err := tree.Remove(temp); err != nil {
		return "", false, err
	}
	b := builder{disk: &s.disk, owner: s.owner, dir: temp, items: items, from: c.objects, file: standIn}
	for i := range items {
		if items[i].Mode.IsRegular() && exact {
			_, err := os.Lstat(c.objects.path(items[i].seq))
			exact = err == nil
		}
	}
	if err = os.Mkdir(temp, 0o700); err == nil {
		err = b.build(ctx)
	}
	if err == nil {
		err = protect(temp, s.owner)
	}
	if err == nil {
		err = os.Rename(temp, dir)
	}
	if err != nil {
		return "", false, errors.Join(err, tree.Remove(temp))
	}
	return filepath.Join(dir, rootName), exact, nil
}

// standIn makes an empty file if there is no object for one.
func standIn(w *worker, it *item) (ok bool, err error) {
	dir, object, err := w.objects.find(it.seq)
	if err == nil {
		var st unix.Stat_t
		err = unix.Fstatat(dir, object, &st, unix.AT_SYMLINK_NOFOLLOW)
	}
	if err != unix.ENOENT {
		return err == nil, err
	}
	dst, name, err := w.dst.At(it.Path)
	if err != nil {
		return false, err
	}
	fd, err := unix.Openat(dst, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0)
	if err != nil {
		return false, err
	}
	return false, unix.Close(fd)
}
