// SPDX-License-Identifier: MIT

package fsguardtest

import "strconv"

// text is a string of bytes, which need not be valid UTF-8, as JSON.
type text string

func (t text) MarshalText() ([]byte, error) { return []byte(strconv.QuoteToASCII(string(t))), nil }

func (t *text) UnmarshalText(b []byte) error {
	s, err := strconv.Unquote(string(b))
	*t = text(s)
	return err
}

// op is one operation of the probe. Call names it: a system call, or one of
// the probe's own (see calls). The other fields are its arguments.
type op struct {
	Call    string
	Path    text   `json:",omitempty"`
	To      text   `json:",omitempty"` // the second path, a symlink's target, an attribute's value, data
	Name    text   `json:",omitempty"` // an attribute's name
	Dir     string `json:",omitempty"` // the open file that Path is relative to, by its As
	FD      string `json:",omitempty"` // the open file that the call is about, by its As
	As      string `json:",omitempty"` // keeps the file that the call opens, under this name
	Flags   int    `json:",omitempty"`
	Resolve uint64 `json:",omitempty"`
	Mode    uint32 `json:",omitempty"`
	Size    int64  `json:",omitempty"`
	Proc    int    `json:",omitempty"` // 1 for a second process that does it
	Plain   bool   `json:",omitempty"` // take Path as it is, whatever the style
}

// script is a list of operations that the probe performs one after the other.
type script []op

// result is what an operation gave: the name of its errno, "" for success, and
// what there is to see.
type result struct {
	Errno string `json:",omitempty"`
	Saw   text   `json:",omitempty"`
}

// String is how tables write a result: "ENOENT", "ok", or what was seen.
func (r result) String() string {
	switch {
	case r.Errno != "":
		return r.Errno
	case r.Saw != "":
		return string(r.Saw)
	}
	return "ok"
}

// outcome is the first failure of a script, else its last result.
func outcome(rs []result) string {
	for _, r := range rs {
		if r.Errno != "" {
			return r.Errno
		}
	}
	if len(rs) == 0 {
		return "nothing"
	}
	return rs[len(rs)-1].String()
}

// request is what the probe reads from its stdin. It answers with one list of
// results for each script.
type request struct {
	Style   style
	Scripts []script
}

// style is the way in which the probe names a path: all must come to the same.
type style string

const (
	absolute  style = "absolute" // by the *at calls
	legacy    style = "legacy"   // by the calls from before them, where there are any
	dirfd     style = "dirfd"    // from a descriptor of the directory above
	relative  style = "relative" // from the working directory
	dotdot    style = "dotdot"   // dir/../dir/name
	symlinked style = "symlink"  // by a symlink in /tmp
	proc      style = "proc"     // by /proc/self/root
)
