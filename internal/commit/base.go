// SPDX-License-Identifier: MIT

package commit

import (
	"errors"
	"time"

	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Base tells what the target must still be for a change to be applied. It is
// used by one goroutine at a time.
type Base interface {
	// Differs says in words how the target's file differs from what the
	// sandbox began with; "" when it does not. now is nil where nothing is.
	// Of a directory only type and permissions matter.
	Differs(c delta.Change, now *File) string
}

// File is what lies at a path of the target.
type File struct {
	tree.Entry
	open func() (int, error)
}

// Open opens a regular file for reading.
func (f *File) Open() (int, error) { return f.open() }

// Reasons that say what has come of a path.
const (
	isThere  = "is there already"
	isGone   = "is gone"
	isOther  = "is of another type now"
	changed  = "was changed"
	newMode  = "has other permissions now"
	inUse    = "is open for writing"
	notEmpty = "holds files that the sandbox did not delete"
)

// ChangedSince is the base of a sandbox that works on the target itself: a
// file is what the sandbox began with if it was not changed since then, by the
// kernel's coarse clock (clock_gettime(2), CLOCK_REALTIME_COARSE), of which no file
// that there was may have that time or a later one; see tree.Settle. Who
// replaces a whole directory by another one, with older files, is not noticed, nor
// who changes the permissions of a directory that the sandbox deleted.
func ChangedSince(t time.Time) Base { return since(t.UnixNano()) }

type since int64

func (s since) fork() (Base, func(), error) { return s, func() {}, nil }

func (s since) Differs(c delta.Change, now *File) string {
	if reason := presence(c, now); reason != "" || now == nil {
		return reason
	}
	if now.Mode.Type() != c.OldMode.Type() {
		return isOther
	}
	if now.Mode.IsDir() && !modeOnly(c) {
		return ""
	}
	if changedSince(now.ChangeTime, int64(s)) {
		return changed
	}
	return ""
}

// presence compares whether there is a file with whether there should be.
func presence(c delta.Change, now *File) string {
	switch {
	case c.Kind == delta.Added && now != nil:
		return isThere
	case c.Kind != delta.Added && now == nil:
		return isGone
	}
	return ""
}

// forked is a base that another goroutine can use at the same time.
type forked interface {
	fork() (base Base, done func(), err error)
}

// modeOnly reports whether a change is of a directory's mode.
func modeOnly(c delta.Change) bool {
	return c.Kind == delta.Modified && c.Mode.IsDir() && c.OldMode.IsDir()
}

// Known is a base for a sandbox that has been committed before: what that left
// at a path, as Report told, is as good as what base asks for. A nil Stamp says
// that it left nothing there.
func Known(before map[string]*Stamp, base Base) Base { return known{before, base} }

type known struct {
	before map[string]*Stamp
	base   Base
}

func (k known) fork() (Base, func(), error) {
	f, ok := k.base.(forked)
	if !ok {
		return nil, nil, errors.ErrUnsupported
	}
	base, done, err := f.fork()
	return known{k.before, base}, done, err
}

func (k known) Differs(c delta.Change, now *File) string {
	stamp, ok := k.before[c.Path]
	if !ok {
		return k.base.Differs(c, now)
	}
	switch {
	case stamp == nil && now == nil:
		return ""
	case stamp != nil && now != nil && stamp.Mode.IsDir() && stamp.Ino == now.Ino && stamp.Mode == now.Mode:
		return ""
	case stamp != nil && now != nil && stamp.still(stampOf(&now.Entry)):
		return ""
	}
	return k.base.Differs(c, now)
}
