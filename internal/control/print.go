// SPDX-License-Identifier: MIT

package control

import (
	"fmt"
	"strings"
)

var opNames = map[Op]string{
	OpDir: "dir", OpFile: "file", OpSymlink: "symlink", OpBind: "bind", OpTmpfs: "tmpfs", OpProc: "proc",
	OpDevpts: "devpts", OpOverlay: "overlay", OpTree: "tree", OpCover: "cover", OpSeal: "seal",
	OpTake: "take", OpKeep: "keep",
}

// String is the step on one line, for a person to read.
func (s Step) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-8s %s", opNames[s.Op], s.Target)
	if s.Source != "" {
		fmt.Fprintf(&b, " from %s", s.Source)
	}
	if s.Mode != 0 {
		fmt.Fprintf(&b, " mode %o", s.Mode)
	}
	if s.Attr != 0 {
		fmt.Fprintf(&b, " attr %#x", s.Attr)
	}
	if s.Data != "" {
		fmt.Fprintf(&b, " %q", s.Data)
	}
	if s.Writable {
		b.WriteString(" writable")
	}
	if s.Facade {
		b.WriteString(" facade")
	}
	if s.Above > 0 {
		fmt.Fprintf(&b, " above %d", s.Above)
	}
	if len(s.Layers) > 0 {
		fmt.Fprintf(&b, " %q", s.Layers)
	}
	return b.String()
}
