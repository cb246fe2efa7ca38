// SPDX-License-Identifier: MIT

package codebase

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"math"
	"time"
)

// Apply folds what a sandbox changed into a codebase, in one step. By path the
// newest writer wins: an item replaces what is no newer than its Base, or was Seen, and
// of what somebody else wrote since then it replaces that which was written no later
// than it was itself. An item that says what is so already changes nothing, not even a
// time.
//
// What lies above or beneath an item's path is Seen if its own item says so. A deleted
// directory is kept when something beneath it is. Of an item that puts a file in the
// place of a directory, or beneath what has become a file, the whole is left when
// anything of it was written later.
func (s *Store) Apply(ctx context.Context, id string, batch Batch) (ApplyReport, error) {
	c, err := s.find(ctx, id)
	if err != nil {
		return ApplyReport{}, err
	}
	st, err := c.newStage()
	if err != nil {
		return ApplyReport{}, err
	}
	defer st.close()
	changes := make([]change, len(batch.Items))
	staged := make([]uint64, len(batch.Items))
	var lost []*fs.PathError
	for i := range batch.Items {
		staged[i], err = st.prepare(ctx, &batch.Items[i], &changes[i])
		if why := leftOut(err, batch.Strict); why != nil {
			changes[i].lost = true
			lost = append(lost, &fs.PathError{Op: "read", Path: changes[i].Path, Err: why})
			continue
		}
		if err != nil {
			return ApplyReport{}, err
		}
	}
	seen := map[string]uint64{}
	for i := range batch.Items {
		if s := batch.Items[i].Seen; s > 0 {
			seen[changes[i].Path] = s
		}
	}
	var report ApplyReport
	version, err := c.commit(ctx, st, func(e *edit) error {
		a := applier{edit: e, strict: batch.Strict, force: batch.Overwrite, seen: seen, left: map[string]bool{}}
		a.report.Failed = lost
		for i := range changes {
			ch := &changes[i]
			if ch.lost {
				continue
			}
			ch.object = func() uint64 { return st.take(e, staged[i]) }
			if err := a.apply(ch); err != nil {
				return err
			}
		}
		report = a.report
		if batch.DryRun || batch.Strict && !batch.Partial && len(report.Conflicts)+len(report.Failed) > 0 {
			return errNotApplied
		}
		return nil
	})
	if errors.Is(err, errNotApplied) {
		report.Version = 0
		return report, nil
	}
	if err != nil {
		return ApplyReport{}, err
	}
	report.Version = version
	return report, nil
}

// errNotApplied takes back what a batch has done that is not to be applied.
var errNotApplied = errors.New("not applied")

// prepare brings an item into its final form, and its content to the stage.
func (s *stage) prepare(ctx context.Context, it *Item, ch *change) (object uint64, err error) {
	path, err := ValidatePath(it.Path)
	if err != nil {
		return 0, err
	}
	mode := cleanMode(it.Mode)
	if path == "/" && (it.Delete || !mode.IsDir()) {
		return 0, pathError("apply", path, ErrInvalidPath)
	}
	now := time.Now().UnixNano()
	written := it.Written
	if written <= 0 || written > now {
		written = now
	}
	*ch = change{
		record: record{File: File{Path: path, Mode: mode, ModTime: it.ModTime, Written: written}},
		delete: it.Delete, base: it.Base,
	}
	if err := it.check(); err != nil {
		return 0, err
	}
	switch {
	case it.Delete, mode.IsDir():
		return 0, nil
	case mode&fs.ModeSymlink != 0:
		ch.Link, ch.Size = it.Link, int64(len(it.Link))
		return 0, nil
	case !mode.IsRegular() || it.Open == nil:
		return 0, pathError("apply", path, ErrSpecial)
	}
	content, err := it.Open()
	if err != nil {
		return 0, pathError("apply", path, &sourceError{err})
	}
	defer content.Close()
	if err := s.admit(content); err != nil {
		return 0, pathError("apply", path, &sourceError{err})
	}
	object, ch.Size, ch.SHA256, err = s.add(ctx, sourceReader{content}, math.MaxInt64, attributes{mode, it.ModTime})
	if err != nil {
		return 0, pathError("apply", path, err)
	}
	return object, it.check()
}

func (it *Item) check() error {
	if it.Check == nil {
		return nil
	}
	if err := it.Check(); err != nil {
		return pathError("apply", it.Path, &sourceError{err})
	}
	return nil
}

// sourceError says that an item's content could not be had.
type sourceError struct{ err error }

func (e *sourceError) Error() string { return e.err.Error() }
func (e *sourceError) Unwrap() error { return e.err }

// sourceReader tells errors of reading from those of writing.
type sourceReader struct{ io.Reader }

func (r sourceReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = &sourceError{err}
	}
	return n, err
}
