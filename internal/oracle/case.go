// SPDX-License-Identifier: MIT

package oracle

import (
	"strings"

	"github.com/sandbox-rls/sandbox/fsguard"
)

// Workspace is where a sandbox sees its tree.
const Workspace = "/workspace"

// Kind is the type of a file.
type Kind uint8

// The kinds of files in a tree.
const (
	Dir Kind = iota
	File
	Symlink
	HardLink // in a source: another name for a file
)

// Source is one entry of a case's tree. The directories above it are entries
// before it.
type Source struct {
	Path string // "/a/b"
	Kind Kind
	Mode uint32 // the permissions
	Data string // content, or a link's text, or the first name of a hard link
}

// Case is what a sandbox is tested with.
type Case struct {
	Prefix string // the case's directory in the workspace: "/003", or "" for all of it
	Tree   []Source
	Rules  []fsguard.Rule // with patterns from the case's directory on
	Ops    []Op
	// Shared says that other cases lie beside this one.
	Shared bool
	// Opens says that the directories which keep their owner out are opened in the
	// end, for an owner who has no privileges to see what changed in them.
	Opens bool
}

// In returns the case moved to another directory of a workspace.
func (c Case) In(prefix string) Case {
	c.Prefix = prefix
	return c
}

// root is the case's directory as the sandbox sees it.
func (c *Case) root() string { return Workspace + c.Prefix }

// Expand puts the case's directory for a path's "@".
func (c *Case) Expand(path string) string {
	if rest, ok := strings.CutPrefix(path, "@"); ok {
		return c.root() + rest
	}
	return path
}

// Placed are the rules as the sandbox gets them.
func (c *Case) Placed() []fsguard.Rule {
	var placed []fsguard.Rule
	for _, r := range c.Rules {
		r.Pattern = c.Prefix + "/" + strings.TrimPrefix(r.Pattern, "/")
		placed = append(placed, r)
	}
	return placed
}

// Outcome is what a case comes to.
type Outcome struct {
	Results []string // of each operation: an errno, "ok", or what was seen
	Tree    []string // one line for each path that the sandbox sees
	Opened  []string // the directories that are opened in the end, "@/a/b", from the top down
	Changes []string // one line for each path that its owner sees changed, sorted
	// Invalid says that an operation does what the model knows nothing of, such as
	// to leave the workspace.
	Invalid bool
}

// Expect performs a case on the model.
func (c Case) Expect() Outcome { return c.expect(Mutant(0)) }

func (c Case) expect(m Mutant) Outcome {
	w := newWorld(&c, m)
	var o Outcome
	for i := range c.Ops {
		o.Results = append(o.Results, w.do(&c.Ops[i]))
	}
	o.Tree = w.dump()
	if c.Opens {
		o.Opened = w.openAll()
	}
	o.Changes = w.changes()
	o.Invalid = w.unclear
	return o
}
