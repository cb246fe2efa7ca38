// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"strings"
)

// files are what something holds: the serial number of what was written last to
// each path. gone is a path that was removed.
type files map[string]int

const gone = -1

// over puts what was changed on top of what was there.
func (f files) over(below files) files {
	all := maps.Clone(below)
	if all == nil {
		all = files{}
	}
	for path, n := range f {
		if n == gone {
			delete(all, path)
		} else {
			all[path] = n
		}
	}
	return all
}

// box is what is known of one sandbox.
type box struct {
	Name  string // of the directory that is its own
	Local bool   // made of the lane's directory, not of its codebase
	Base  files  // what it was made of, of what it may write
	Upper files  // what it has written
	Kept  map[string]files
	Forks bool // it is a fork or has one: who wrote a path last is not known
}

func (b *box) shows() files { return b.Upper.over(b.Base) }

func (b *box) clone() *box {
	c := *b
	c.Base, c.Upper, c.Kept = maps.Clone(b.Base), maps.Clone(b.Upper), maps.Clone(b.Kept)
	return &c
}

// lane is what one goroutine of the child works on, one step after the other, and
// what is known of it.
type lane struct {
	N        int
	Codebase string
	Dir      string
	Exported files // what the codebase holds without the changes of sandboxes
	Target   files // what Dir holds
	Boxes    map[string]*box
	Imported map[string]bool // codebases that were imported
	Unsure   map[string]bool // directories of which only some file is known, not which
	Serial   int
}

func (l *lane) clone() *lane {
	c := *l
	c.Exported, c.Target = maps.Clone(l.Exported), maps.Clone(l.Target)
	c.Imported, c.Unsure = maps.Clone(l.Imported), maps.Clone(l.Unsure)
	c.Boxes = map[string]*box{}
	for id, b := range l.Boxes {
		c.Boxes[id] = b.clone()
	}
	return &c
}

// crashStep is one thing that a lane does.
type crashStep struct {
	Lane   int
	Op     string
	Box    string `json:",omitempty"`
	Path   string `json:",omitempty"`
	Kept   string `json:",omitempty"` // a checkpoint
	Serial int
	// Done says that it was acknowledged, and Made the id that was given back.
	Done bool   `json:",omitempty"`
	Made string `json:",omitempty"`
	Err  string `json:",omitempty"`
}

// tarPaths are what one tar stream holds.
var tarPaths = []string{"/tar/a", "/tar/b", "/tar/c/d", "/tar/c/e"}

// apply notes that a step was done.
func (l *lane) apply(s crashStep) {
	l.Serial = max(l.Serial, s.Serial)
	b := l.Boxes[s.Box]
	switch s.Op {
	case "upload":
		l.Exported[s.Path] = s.Serial
	case "tar":
		for _, p := range tarPaths {
			l.Exported[p] = s.Serial
		}
	case "import":
		l.Imported[s.Made] = true
	case "delete":
		delete(l.Imported, s.Made)
	case "create":
		l.Boxes[s.Made] = &box{Name: fmt.Sprintf("/b%d", s.Serial), Base: files{}, Upper: files{}, Kept: map[string]files{}}
	case "create of directory", "create of snapshot":
		l.Boxes[s.Made] = &box{Name: "/d", Local: true, Base: maps.Clone(l.Target), Upper: files{}, Kept: map[string]files{}}
	case "fork":
		b.Forks = true
		l.Unsure[b.Name] = true
		f := b.clone()
		f.Kept = map[string]files{}
		l.Boxes[s.Made] = f
	case "write":
		b.Upper[s.Path] = s.Serial
	case "remove":
		b.Upper[s.Path] = gone
	case "commit":
		if b.Local {
			l.Target = b.Upper.over(l.Target)
		} else {
			l.Exported = b.Upper.over(l.Exported)
		}
		b.Base = b.shows()
	case "checkpoint":
		b.Kept[s.Made] = b.delta()
	case "restore":
		b.Upper = maps.Clone(b.Kept[s.Kept])
	case "forget":
		delete(b.Kept, s.Kept)
	case "discard":
		b.Upper = files{}
	case "destroy":
		if !b.Local {
			l.Exported = b.Upper.over(l.Exported)
		}
		delete(l.Boxes, s.Box)
	}
}

// crashContent is what is written to a path: it says itself whether it is whole,
// and its size says which it is.
func crashContent(path string, serial int) string {
	head := fmt.Sprintf("%s %d ", path, serial)
	sum := sha256.Sum256([]byte(head))
	text := head + hex.EncodeToString(sum[:]) + "\n"
	return text + strings.Repeat("x", crashSize(serial)-len(text))
}

func crashSize(serial int) int { return 300 + serial }

// whole returns what a content is, and whether it is whole.
func whole(data string) (path string, serial int, ok bool) {
	if n, _ := fmt.Sscanf(data, "%s %d ", &path, &serial); n != 2 || serial < 0 || serial > 1<<20 {
		return "", 0, false
	}
	return path, serial, data == crashContent(path, serial)
}
