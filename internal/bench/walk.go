// SPDX-License-Identifier: MIT

package main

import "fmt"

// walks read a tree from end to end.
var walks = []comparison{
	{name: "`find`", command: "find . >/dev/null", most: 1.3},
	{name: "`ls -lR`", command: "ls -lR . >/dev/null", most: 1.3},
	{name: "`grep -r` of ten-byte files", command: "grep -r nothing . >/dev/null || true", most: 2},
	{name: "`tar c`", command: "tar cf - . | cat >/dev/null", most: 1.3},
}

func measureWalk(l *lab) (Section, error) {
	s := Section{
		Title:   "Reading a tree",
		About:   "Warm, in the sandbox that `FromLocal` makes under agent-safe, against the directory itself, which holds the few hidden files more.",
		Columns: comparisonColumns,
	}
	for _, files := range l.sizes.trees[1:] {
		rows, err := l.walk(files)
		if err != nil {
			return s, err
		}
		s.Rows = append(s.Rows, rows...)
	}
	return s, nil
}

func (l *lab) walk(files int) ([]Row, error) {
	dir, err := l.tree(files)
	if err != nil {
		return nil, err
	}
	sb, err := l.m.FromLocal(l.ctx, dir)
	if err != nil {
		return nil, err
	}
	defer sb.Close()
	var rows []Row
	for _, c := range walks {
		c.name = fmt.Sprintf("%s, %d files", c.name, files)
		c.n = max(l.sizes.few, l.sizes.samplesFor(files)/2)
		c.repeat = max(1, min(5, 50_000/files))
		row, err := l.compare(c, dir, sb)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}
