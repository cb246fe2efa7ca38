// SPDX-License-Identifier: MIT

package patch

import (
	"fmt"
	"io/fs"
)

const special = fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky

// notes says of a change what a patch cannot.
func notes(c Change) []string {
	var lines []string
	if representable(c.Old) == nil && c.Old != nil && (c.New == nil || c.New.Mode.Type() != c.Old.Mode.Type()) {
		lines = append(lines, kind(c.Old.Mode)+" was removed")
	}
	if representable(c.New) == nil && c.New != nil && (c.Old == nil || c.New.Mode.Type() != c.Old.Mode.Type()) {
		lines = append(lines, kind(c.New.Mode)+" was made")
	}
	for _, f := range []*File{c.New, c.Old} {
		if f != nil && f.Withheld != "" {
			lines = append(lines, f.Withheld)
			break
		}
	}
	return append(lines, modeNotes(c)...)
}

// modeNotes says which permissions changed, where git's modes do not show it.
func modeNotes(c Change) []string {
	if c.New == nil || c.New.Mode&fs.ModeSymlink != 0 {
		return nil
	}
	now := c.New.Mode & (fs.ModePerm | special)
	if c.Old != nil && c.Old.Mode.Type() == c.New.Mode.Type() {
		before := c.Old.Mode & (fs.ModePerm | special)
		plain := c.New.Mode.IsRegular() && gitMode(before) != gitMode(now) && now&special == 0
		if before == now || plain {
			return nil
		}
		return []string{fmt.Sprintf("permissions %s became %s", octal(before), octal(now))}
	}
	if now&special != 0 {
		return []string{"permissions are " + octal(now)}
	}
	return nil
}

// octal writes permissions as chmod(1) takes them.
func octal(m fs.FileMode) string {
	bits := uint32(m.Perm())
	for _, s := range []struct {
		flag fs.FileMode
		bit  uint32
	}{{fs.ModeSetuid, 0o4000}, {fs.ModeSetgid, 0o2000}, {fs.ModeSticky, 0o1000}} {
		if m&s.flag != 0 {
			bits |= s.bit
		}
	}
	return fmt.Sprintf("%04o", bits)
}

func kind(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a directory"
	case m&fs.ModeNamedPipe != 0:
		return "a FIFO"
	case m&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a special file"
}
