// SPDX-License-Identifier: MIT

package patch

import (
	"io"
	"io/fs"
	"strings"
)

// File is one side of a change.
type File struct {
	Mode fs.FileMode
	// Text is the content of a regular file, or the target of a symlink.
	Text string
	// Withheld, if not empty, says why Text is not the content.
	Withheld string
}

// Change is what happened to one path.
type Change struct {
	Path     string // "/a/b", in bytes
	Old, New *File  // nil: there is none
}

// Write writes a change, with so many unchanged lines around each part. What
// no patch can express becomes a line that begins with "# ", which git and
// patch pass over; content that is not text, or withheld, becomes a line that
// makes them stop.
func Write(w io.Writer, c Change, context int) error {
	var b strings.Builder
	for _, line := range notes(c) {
		b.WriteString("# " + quote(c.Path[1:]) + ": " + line + "\n")
	}
	was, is := representable(c.Old), representable(c.New)
	switch {
	case was != nil && is != nil && was.Mode.Type() != is.Mode.Type():
		writeOne(&b, c.Path, was, nil, context)
		writeOne(&b, c.Path, nil, is, context)
	case was != nil || is != nil:
		writeOne(&b, c.Path, was, is, context)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// representable is the file, if a patch can hold it.
func representable(f *File) *File {
	if f == nil || !f.Mode.IsRegular() && f.Mode.Type() != fs.ModeSymlink {
		return nil
	}
	return f
}

// gitMode is the mode of a file as git knows it.
func gitMode(m fs.FileMode) string {
	switch {
	case m&fs.ModeSymlink != 0:
		return "120000"
	case m&0o100 != 0:
		return "100755"
	}
	return "100644"
}

// writeOne writes what becomes of a file that keeps its type, appears, or goes.
func writeOne(b *strings.Builder, path string, was, is *File, context int) {
	from, to := label("a"+path), label("b"+path)
	var before, after string
	if was != nil {
		before = was.Text
	} else {
		from = "/dev/null"
	}
	if is != nil {
		after = is.Text
	} else {
		to = "/dev/null"
	}
	modes, index := modes(was, is), index(was, is)
	if withheld(was) || withheld(is) || before != after && (binary(was) || binary(is)) {
		if modes == "" && index == "" { // git passes over what has neither
			modes = modeChange(was, is)
		}
		b.WriteString(title(path, true) + modes + index +
			"Binary files " + strings.TrimSuffix(from, "\t") + " and " + strings.TrimSuffix(to, "\t") + " differ\n")
		return
	}
	hunks := hunks(before, after, context)
	if len(hunks) > 0 {
		b.WriteString(title(path, true) + modes + index + "--- " + from + "\n+++ " + to + "\n")
	} else if modes != "" {
		b.WriteString(title(path, false) + modes)
		if was == nil || is == nil { // an empty file
			b.WriteString(index)
		}
	}
	for i := range hunks {
		hunks[i].write(b)
	}
}

// title is the first line of a change. One that no other line repeats the name
// of must be clear of itself where names hold spaces.
func title(path string, repeated bool) string {
	from, to := quote("a"+path), quote("b"+path)
	if !repeated && strings.Contains(path, " ") && from == "a"+path {
		from, to = `"`+from+`"`, `"`+to+`"`
	}
	return "diff --git " + from + " " + to + "\n"
}

// modes are the lines that say what becomes of a file's mode.
func modes(was, is *File) string {
	switch {
	case was == nil:
		return "new file mode " + gitMode(is.Mode) + "\n"
	case is == nil:
		return "deleted file mode " + gitMode(was.Mode) + "\n"
	case gitMode(was.Mode) != gitMode(is.Mode):
		return modeChange(was, is)
	}
	return ""
}

func modeChange(was, is *File) string {
	return "old mode " + gitMode(was.Mode) + "\nnew mode " + gitMode(is.Mode) + "\n"
}

// binary reports whether a file's content is not text.
func binary(f *File) bool {
	return f != nil && f.Mode.IsRegular() && strings.IndexByte(f.Text, 0) >= 0
}

func withheld(f *File) bool { return f != nil && f.Withheld != "" }
