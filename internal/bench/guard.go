// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/sandbox-rls/sandbox"
)

// opening opens a file again and again, closes it, and prints the nanoseconds
// that one turn took. What fails is counted as done.
const opening = `import os, sys, time
path, flags, n = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
began = time.perf_counter_ns()
for _ in range(n):
    try:
        os.close(os.open(path, flags))
    except OSError:
        pass
print((time.perf_counter_ns() - began) // n)
`

func measureGuard(l *lab) (Section, error) {
	s := Section{
		Title:   "One system call",
		About:   "`open` and `close` in a Python loop, one thread; Python's own part is in all figures. Where bare could open the file, the guard denies it.",
		Columns: []string{"samples", "bare", "inside", "inside/bare"},
	}
	dir, err := l.scratch()
	if err != nil {
		return s, err
	}
	for name, text := range map[string]string{"open.py": opening, "main.py": "x\n", "output/log": "x\n", ".env": "x\n"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return s, err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return s, err
		}
	}
	sb, err := l.m.FromLocal(l.ctx, dir)
	if err != nil {
		return s, err
	}
	defer sb.Close()
	for _, c := range []struct {
		name, path string
		flags      int
	}{
		{"open to read", "main.py", os.O_RDONLY},
		{"open to write, allowed", "output/log", os.O_WRONLY},
		{"open to write, denied", "main.py", os.O_WRONLY},
		{"open to read, hidden", ".env", os.O_RDONLY},
	} {
		row, err := l.open(dir, sb, c.name, c.path, c.flags)
		if err != nil {
			return s, err
		}
		s.Rows = append(s.Rows, row)
	}
	return s, nil
}

func (l *lab) open(dir string, sb *sandbox.Sandbox, name, path string, flags int) (Row, error) {
	command := fmt.Sprintf("/usr/bin/python3 open.py %s %d %d", path, flags, 10*l.sizes.many)
	taken, err := l.turns(
		l.sizes.samples/2,
		side{"bare", printed(func() (string, error) { return l.host.run(dir, "/bin/sh", "-c", command) })},
		side{"inside", printed(func() (string, error) { return output(l.ctx, sb, command) })},
	)
	if err != nil {
		return Row{}, fmt.Errorf("%s: %w", name, err)
	}
	return Row{Name: name, Cells: []string{
		fmt.Sprint(len(taken[0])), show(taken[0].median()), show(taken[1].median()), times(ratio(taken[1], taken[0])),
	}}, nil
}

// printed takes the nanoseconds that a command prints.
func printed(f func() (string, error)) func() (time.Duration, error) {
	return func() (time.Duration, error) {
		text, err := f()
		if err != nil {
			return 0, err
		}
		n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		return time.Duration(n), err
	}
}
