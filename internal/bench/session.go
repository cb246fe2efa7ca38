// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/sandbox-rls/sandbox"
)

func measureSession(l *lab) (Section, error) {
	s := Section{
		Title:   "Sessions and streams",
		About:   "A command of a session, against `Run` of the same in the place of bare. What a command prints, taken from Go: bare by a pipe of os/exec, inside by `ExecStream`.",
		Columns: comparisonColumns,
	}
	dir, err := l.tree(l.sizes.trees[0])
	if err != nil {
		return s, err
	}
	sb, err := l.m.FromLocal(l.ctx, dir)
	if err != nil {
		return s, err
	}
	defer sb.Close()
	for _, shell := range []string{"/bin/sh", "/bin/bash"} {
		row, err := l.inSession(sb, shell)
		if err != nil {
			return s, err
		}
		s.Rows = append(s.Rows, row)
	}
	row, err := l.streaming(sb)
	s.Rows = append(s.Rows, row)
	return s, err
}

func (l *lab) inSession(sb *sandbox.Sandbox, shell string) (Row, error) {
	session, err := sb.Session(l.ctx, sandbox.WithShell(shell))
	if err != nil {
		return Row{}, err
	}
	defer session.Close()
	taken, err := l.turns(l.sizes.many,
		side{"run", inside(l.ctx, sb, "true")},
		side{"session", timed(func() error {
			r, err := session.Exec(l.ctx, "true")
			if err == nil && r.ExitCode != 0 {
				err = errors.New("true failed")
			}
			return err
		})})
	if err != nil {
		return Row{}, err
	}
	return comparisonRow(comparison{name: fmt.Sprintf("`true` in a session of %s", shell), most: 0.5}, taken), nil
}

// streaming compares how fast what a command prints arrives.
func (l *lab) streaming(sb *sandbox.Sandbox) (Row, error) {
	size := int64(l.sizes.stream) << 20
	command := fmt.Sprintf("head -c %d /dev/zero", size)
	enough := func(n int64) error {
		if n != size {
			return fmt.Errorf("%d bytes of %d arrived", n, size)
		}
		return nil
	}
	taken, err := l.turns(3*l.sizes.few,
		side{"bare", timed(func() error {
			cmd := exec.CommandContext(l.ctx, "/bin/sh", "-c", command)
			out, err := cmd.StdoutPipe()
			if err != nil {
				return err
			}
			if err := cmd.Start(); err != nil {
				return err
			}
			n, err := drain(out.(*os.File))
			return errors.Join(err, cmd.Wait(), enough(n))
		})},
		side{"inside", timed(func() error {
			var n int64
			for o, err := range sb.ExecStream(l.ctx, sandbox.ExecRequest{Command: command}) {
				if err != nil {
					return err
				}
				n += int64(len(o.Data))
			}
			return enough(n)
		})})
	if err != nil {
		return Row{}, err
	}
	name := fmt.Sprintf("streaming %d MB (%.1f GB/s)", l.sizes.stream, float64(size)/1e9/taken[1].median().Seconds())
	return comparisonRow(comparison{name: name, most: 1 / 0.7}, taken), nil
}

// drain reads a file to its end, with a buffer of 32 KB as io.Copy has.
func drain(f *os.File) (n int64, err error) {
	buf := make([]byte, 32<<10)
	for {
		m, err := f.Read(buf)
		n += int64(m)
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}
