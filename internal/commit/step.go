// SPDX-License-Identifier: MIT

package commit

import (
	"encoding/base64"
	"strconv"

	"github.com/sandbox-rls/sandbox/internal/delta"
)

// verb is what a step does.
type verb string

const (
	// stepRemove moves a file out of the way, into a slot.
	stepRemove verb = "remove"
	// stepRmdir removes an empty directory.
	stepRmdir verb = "rmdir"
	// stepMake moves what was staged to where nothing is.
	stepMake verb = "make"
	// stepSwap exchanges what was staged with what is there.
	stepSwap verb = "swap"
	// stepChmod gives permissions.
	stepChmod verb = "chmod"
	// stepFinish gives a new directory permissions and time, after what
	// it holds has been made.
	stepFinish verb = "finish"
)

// step is one act on one path. It is journalled.
type step struct {
	Item int  `json:"item"` // index of the item it belongs to
	Verb verb `json:"verb"`
	Path name `json:"path"`
	Home int  `json:"home"` // index of the home with its slot
	// Old is what was judged, and New what was staged.
	Old *Stamp `json:"old,omitempty"`
	New *Stamp `json:"new,omitempty"`
	// Perm are the bits for chmod and finish, and Mtime is for finish.
	Perm  uint32 `json:"perm,omitempty"`
	Mtime int64  `json:"mtime,omitempty"`
}

// slot is the name of the step's file in its staging directory, and kept that
// of the old file's second link, where files cannot be exchanged.
func (s *step) slot() string { return strconv.Itoa(s.Item) }
func (s *step) kept() string { return s.slot() + ".old" }

// item is a change as the journal has it.
type item struct {
	Path name       `json:"path"`
	Kind delta.Kind `json:"kind"`
}

// home is a directory that has a staging directory: the target's root, and
// the root of each other mount that is concerned.
type home struct {
	Path name   `json:"path"`
	Ino  uint64 `json:"ino"`
}

// name is a path or name, which need not be valid UTF-8.
type name string

// MarshalText makes base64 of it, as encoding/json does of bytes.
func (n name) MarshalText() ([]byte, error) {
	return base64.StdEncoding.AppendEncode(nil, []byte(n)), nil
}

// UnmarshalText is the reverse.
func (n *name) UnmarshalText(text []byte) error {
	b, err := base64.StdEncoding.AppendDecode(nil, text)
	*n = name(b)
	return err
}
