// SPDX-License-Identifier: MIT

package main

import "fmt"

func measureStream(l *lab) (Section, error) {
	s := Section{
		Title:   "Reading and writing a large file",
		About:   "`dd` with blocks of 1 MB, through the page cache.",
		Columns: comparisonColumns,
	}
	dir, err := l.scratch()
	if err != nil {
		return s, err
	}
	sb, err := l.m.FromLocal(l.ctx, dir)
	if err != nil {
		return s, err
	}
	defer sb.Close()
	write := fmt.Sprintf("dd if=/dev/zero of=output/big bs=1M count=%d 2>/dev/null", l.sizes.stream)
	if _, err := l.host.run(dir, "/bin/sh", "-c", "mkdir output && "+write+" && sync output/big"); err != nil {
		return s, err
	}
	if _, err := output(l.ctx, sb, write+" && sync output/big"); err != nil {
		return s, err
	}
	for _, c := range []comparison{
		{name: fmt.Sprintf("reading %d MB", l.sizes.stream), command: "dd if=output/big of=/dev/null bs=1M 2>/dev/null"},
		{name: fmt.Sprintf("writing %d MB", l.sizes.stream), command: write, cleanup: "rm output/big"},
	} {
		c.n, c.most, c.noBwrap = 3*l.sizes.few, 1.05, true
		row, err := l.compare(c, dir, sb)
		if err != nil {
			return s, err
		}
		s.Rows = append(s.Rows, row)
	}
	return s, nil
}
