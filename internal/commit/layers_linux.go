// SPDX-License-Identifier: MIT

package commit

import (
	"io/fs"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Layers is the base of a sandbox that works on a copy of the target: the
// target's file is compared with what the copy holds, byte by byte.
type Layers struct {
	layers delta.Layers
	reader *delta.Reader
	*buffers
}

var _ Base = (*Layers)(nil)

// OpenLayers takes the layers that delta.OpenReader takes.
func OpenLayers(l delta.Layers) (*Layers, error) {
	r, err := delta.OpenReader(l)
	if err != nil {
		return nil, err
	}
	return &Layers{l, r, &buffers{}}, nil
}

func (l *Layers) fork() (Base, func(), error) {
	other, err := OpenLayers(l.layers)
	if err != nil {
		return nil, nil, err
	}
	return other, other.Close, nil
}

// Close closes the layers.
func (l *Layers) Close() { l.reader.Close() }

// Differs compares type, permissions, and content or link target.
func (l *Layers) Differs(c delta.Change, now *File) string {
	if reason := presence(c, now); reason != "" || now == nil {
		return reason
	}
	old, err := l.reader.Before(c.Path)
	if err != nil {
		return unread(err)
	}
	if old == nil {
		return isThere
	}
	e := old.Entry()
	switch {
	case e.Mode.Type() != now.Mode.Type():
		return isOther
	case now.Mode&fs.ModeSymlink != 0:
		return reasonIf(e.Link != now.Link, changed)
	case tree.Perm(e.Mode) != tree.Perm(now.Mode):
		return newMode
	case !now.Mode.IsRegular():
		return ""
	case e.Size != now.Size:
		return changed
	}
	return l.compare(old, now)
}

func (l *Layers) compare(old *delta.File, now *File) string {
	a, err := old.Open()
	if err != nil {
		return unread(err)
	}
	defer unix.Close(a)
	b, err := now.Open()
	if err != nil {
		return unread(err)
	}
	defer unix.Close(b)
	same, err := l.equal(a, b, now.Size)
	if err != nil {
		return unread(err)
	}
	return reasonIf(!same, changed)
}

func unread(err error) string { return "cannot be compared: " + err.Error() }

func reasonIf(differs bool, reason string) string {
	if differs {
		return reason
	}
	return ""
}
