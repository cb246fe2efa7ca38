// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/sandbox-rls/sandbox"
)

// creating makes files as fast as Python can: each open, write and close.
const creating = `import os
os.makedirs("output/d")
for i in range(%d):
    with open("output/d/%%d" %% i, "w") as f:
        f.write("x")
`

func measureWrite(l *lab) (Section, error) {
	s := Section{
		Title:   "Making and removing many files",
		About:   "Beneath `/output`, where agent-safe lets everything be written. Each of these operations goes through the guard.",
		Columns: comparisonColumns,
	}
	dir, archive, err := l.writable()
	if err != nil {
		return s, err
	}
	sb, err := l.m.FromLocal(l.ctx, dir)
	if err != nil {
		return s, err
	}
	defer sb.Close()
	for _, c := range []comparison{
		{name: fmt.Sprintf("creating %d files in Python", l.sizes.create), command: "/usr/bin/python3 create.py", cleanup: "rm -rf output/d", most: 3},
		{name: fmt.Sprintf("`tar x` of %d files", l.sizes.untar), command: "mkdir output/u && tar xf " + archive + " -C output/u", cleanup: "rm -rf output/u"},
	} {
		c.n, c.noBwrap = l.sizes.few, true
		row, err := l.compare(c, dir, sb)
		if err != nil {
			return s, err
		}
		s.Rows = append(s.Rows, row)
	}
	row, err := l.remove(dir, archive, sb)
	s.Rows = append(s.Rows, row)
	return s, err
}

// writable makes a directory with what the commands need: a script and an
// archive, whose name it returns.
func (l *lab) writable() (dir, archive string, err error) {
	if dir, err = l.scratch(); err != nil {
		return "", "", err
	}
	if err := os.Mkdir(filepath.Join(dir, "output"), 0o755); err != nil {
		return "", "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "create.py"), fmt.Appendf(nil, creating, l.sizes.create), 0o644); err != nil {
		return "", "", err
	}
	// Something hidden, as there usually is, so that the sandbox has a copy.
	if err := os.WriteFile(filepath.Join(dir, ".env"), []byte("SECRET=1\n"), 0o600); err != nil {
		return "", "", err
	}
	from := l.path("unpacked")
	if err := makeTree(from, l.sizes.untar); err != nil {
		return "", "", err
	}
	// Without the keys, whose names are hidden wherever they are.
	pack := "find . -name '*.key' -delete && tar cf '" + filepath.Join(dir, "files.tar") + "' ."
	_, err = l.host.run(from, "/bin/sh", "-c", pack)
	return dir, "files.tar", err
}

// remove measures rm -rf of what tar has just unpacked.
func (l *lab) remove(dir, archive string, sb *sandbox.Sandbox) (Row, error) {
	unpack := "mkdir output/u && tar xf " + archive + " -C output/u"
	const remove = "rm -rf output/u"
	outside := func() (time.Duration, error) {
		if _, err := l.host.run(dir, "/bin/sh", "-c", unpack); err != nil {
			return 0, err
		}
		return l.host.bare(dir, remove)()
	}
	within := func() (time.Duration, error) {
		if _, err := output(l.ctx, sb, unpack); err != nil {
			return 0, err
		}
		return inside(l.ctx, sb, remove)()
	}
	taken, err := l.turns(l.sizes.few, side{"bare", outside}, side{"inside", within})
	if err != nil {
		return Row{}, err
	}
	return comparisonRow(comparison{name: "`rm -rf` of them"}, taken), nil
}
