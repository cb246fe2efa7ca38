// SPDX-License-Identifier: MIT

package codebase

import (
	"context"
	"io"
	"strings"

	"github.com/sandbox-rls/sandbox/internal/tarfile"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// ExportTar writes a codebase as a tar archive in the pax format: all that it
// held at one moment, in tree order, with modes, times and links. Writes may go on
// meanwhile.
func (s *Store) ExportTar(ctx context.Context, id string, w io.Writer) error {
	c, err := s.find(ctx, id)
	if err != nil {
		return err
	}
	defer c.pin()()
	var records []record
	err = c.view(ctx, func(v *contents) (err error) {
		records, err = v.all()
		return err
	})
	if err != nil {
		return err
	}
	archive := tarfile.NewWriter(w)
	for i := range records {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := c.export(archive, &records[i]); err != nil {
			return err
		}
	}
	return archive.Close()
}

func (c *codebase) export(archive *tarfile.Writer, r *record) error {
	h := &tarfile.Header{
		Type: tarfile.File, Name: strings.TrimPrefix(r.Path, "/"), Mode: tree.Perm(r.Mode), ModTime: r.ModTime,
	}
	switch {
	case r.Mode.IsDir():
		h.Type = tarfile.Directory
		if h.Name += "/"; h.Name == "/" {
			h.Name = "./"
		}
	case !r.Mode.IsRegular():
		h.Type, h.Link = tarfile.Symlink, r.Link
	default:
		h.Size = r.Size
	}
	if err := archive.WriteHeader(h); err != nil || h.Type != tarfile.File {
		return err
	}
	f, err := openObject(c.objects.path(r.seq))
	if err != nil {
		return pathError("export", r.Path, err)
	}
	defer f.Close()
	_, err = io.Copy(archive, f)
	return err
}
