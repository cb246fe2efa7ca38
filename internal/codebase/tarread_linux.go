// SPDX-License-Identifier: MIT

package codebase

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/sandbox-rls/sandbox/internal/tarfile"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// ImportTar imports a tar archive into a codebase, as Import does a directory.
// Where an archive has a path more than once, the last one counts. Nothing is
// followed: what an archive would put beneath a link or a file is
// ErrNotDirectory, a path with ".." is ErrInvalidPath, and a hard link has to name a
// file that the archive had before. Each file is one of its own, hard links too.
// Devices and FIFOs are left out, and returned. The files and links count as uploads.
//
// An archive that is broken or not whole is ErrInvalidArchive, one beyond the
// limits ErrTooLarge.
func (s *Store) ImportTar(ctx context.Context, id string, r io.Reader, limits Limits) (skipped []tree.Problem, err error) {
	c, err := s.find(ctx, id)
	if err != nil {
		return nil, err
	}
	in, err := c.newIntake(ctx)
	if err != nil {
		return nil, err
	}
	defer in.stage.close()
	in.upload = true
	u := &unpacker{intake: in, files: map[string]*item{}, limits: limits, now: time.Now().UnixNano()}
	u.files["/"] = &item{Entry: tree.Entry{Path: "/", Mode: defaultDirMode, ModTime: u.now}}
	if err := u.unpack(ctx, r); err != nil {
		return nil, err
	}
	for _, it := range u.files {
		in.items = append(in.items, *it)
	}
	slices.SortFunc(in.items, func(a, b item) int { return tree.Compare(a.Path, b.Path) })
	return in.finish(ctx, nil)
}

// unpacker reads an archive.
type unpacker struct {
	*intake
	files  map[string]*item
	limits Limits
	count  int
	bytes  int64
	now    int64
}

func (u *unpacker) unpack(ctx context.Context, r io.Reader) error {
	archive := tarfile.NewReader(r)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		h, err := archive.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return explain(err)
		}
		if err := u.another(); err != nil {
			return err
		}
		if err := u.entry(ctx, h, archive); err != nil {
			return explain(err)
		}
	}
}

// another counts what the archive has.
func (u *unpacker) another() error {
	if u.count++; u.limits.Files > 0 && u.count > u.limits.Files {
		return fmt.Errorf("more than %d files: %w", u.limits.Files, ErrTooLarge)
	}
	return nil
}

// explain says of an error of the archive's that it is one.
func explain(err error) error {
	if errors.Is(err, tarfile.ErrFormat) || errors.Is(err, tarfile.ErrSparse) {
		return fmt.Errorf("%w: %w", ErrInvalidArchive, err)
	}
	return err
}

func (u *unpacker) entry(ctx context.Context, h *tarfile.Header, content io.Reader) error {
	path, err := ValidatePath(h.Name)
	if err != nil {
		return err
	}
	it := item{Entry: tree.Entry{Path: path, Mode: cleanMode(fs.FileMode(h.Mode & 0o777)), ModTime: h.ModTime}}
	if h.Mode&0o1000 != 0 {
		it.Mode |= fs.ModeSticky
	}
	switch h.Type {
	case tarfile.Directory:
		it.Mode |= fs.ModeDir
		return u.add(it)
	case tarfile.File:
		return u.content(ctx, it, content)
	case tarfile.Symlink:
		if h.Link == "" || len(h.Link) >= maxPath || strings.IndexByte(h.Link, 0) >= 0 {
			return pathError("import", path, fmt.Errorf("%w: target of a symbolic link", ErrInvalidArchive))
		}
		it.Mode, it.Link, it.Size = linkMode, h.Link, int64(len(h.Link))
		return u.add(it)
	case tarfile.HardLink:
		return u.hardLink(ctx, it, h.Link)
	}
	u.skipped = append(u.skipped, tree.Problem{Path: path, Err: pathError("import", path, ErrSpecial)})
	return nil
}

// add takes a name over, with the directories that lead to it.
func (u *unpacker) add(it item) error {
	old := u.files[it.Path]
	switch {
	case old == nil:
	case old.Mode.IsDir() && !it.Mode.IsDir():
		return pathError("import", it.Path, ErrIsDirectory)
	case !old.Mode.IsDir() && it.Mode.IsDir():
		return pathError("import", it.Path, ErrNotDirectory)
	}
	for dir := it.Path; dir != "/"; {
		dir, _ = tree.Split(dir)
		parent := u.files[dir]
		if parent == nil {
			if err := u.another(); err != nil {
				return err
			}
			u.files[dir] = &item{Entry: tree.Entry{Path: dir, Mode: defaultDirMode, ModTime: u.now}}
			continue
		}
		if !parent.Mode.IsDir() {
			return pathError("import", dir, ErrNotDirectory)
		}
		break
	}
	u.files[it.Path] = &it
	return nil
}

// content takes a regular file over.
func (u *unpacker) content(ctx context.Context, it item, r io.Reader) error {
	if err := u.add(it); err != nil { // first, since what cannot be need not be read
		return err
	}
	limit := int64(math.MaxInt64)
	if u.limits.FileBytes > 0 {
		limit = u.limits.FileBytes
	}
	if u.limits.Bytes > 0 {
		limit = min(limit, u.limits.Bytes-u.bytes)
	}
	n, size, sum, err := u.stage.add(ctx, r, limit, attributes{it.Mode, it.ModTime})
	if err != nil {
		return pathError("import", it.Path, err)
	}
	u.bytes += size
	it.seq, it.Size = n, size
	u.sums = append(u.sums, sum)
	u.files[it.Path] = &it
	return nil
}

// hardLink takes a hard link over, as a file of its own.
func (u *unpacker) hardLink(ctx context.Context, it item, target string) error {
	target, err := ValidatePath(target)
	if err != nil {
		return err
	}
	to := u.files[target]
	switch {
	case to == nil || to.Mode.IsDir():
		return pathError("import", it.Path, fmt.Errorf("%w: hard link to what it has not", ErrInvalidArchive))
	case target == it.Path:
		return nil
	}
	it.Mode, it.ModTime, it.Link, it.Size = to.Mode, to.ModTime, to.Link, to.Size
	if !to.Mode.IsRegular() {
		return u.add(it)
	}
	f, err := openObject(u.stage.path(to.seq))
	if err != nil {
		return pathError("import", it.Path, err)
	}
	defer f.Close()
	return u.content(ctx, it, f)
}
