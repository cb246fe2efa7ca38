// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"time"

	"github.com/sandbox-rls/sandbox"
)

var latencyColumns = []string{"samples", "p50", "p95", "p99"}

func latencyRow(name string, s samples, most time.Duration) Row {
	return Row{
		Name:  name,
		Cells: []string{fmt.Sprint(len(s)), show(s.percentile(50)), show(s.percentile(95)), show(s.percentile(99))},
		Goal:  atMost(milliseconds(s.median()), milliseconds(most), "ms"),
	}
}

// firstResult is the time from asking for a sandbox to the first result of a
// command in it. Destroying it is not part of it.
func (l *lab) firstResult(create func() (*sandbox.Sandbox, error)) func() (time.Duration, error) {
	return func() (time.Duration, error) {
		began := time.Now()
		sb, err := create()
		if err != nil {
			return 0, err
		}
		_, err = output(l.ctx, sb, "true")
		took := time.Since(began)
		if err != nil {
			_ = sb.Close()
			return 0, err
		}
		return took, sb.Close()
	}
}

func measureCreate(l *lab) (Section, error) {
	s := Section{
		Title:   "From a directory to the first result",
		About:   "`FromLocal` or `FromCodebase` and `Run(\"true\")`, preset agent-safe. The first snapshot is taken by a manager that has none; the page cache is warm.",
		Columns: latencyColumns,
	}
	for _, files := range l.sizes.trees {
		dir, err := l.tree(files)
		if err != nil {
			return s, err
		}
		cold, err := l.measureCold(dir, files)
		if err != nil {
			return s, err
		}
		warm, err := l.measureWarm(dir, files)
		if err != nil {
			return s, err
		}
		s.Rows = append(append(s.Rows, cold), warm...)
	}
	return s, nil
}

func (l *lab) measureCold(dir string, files int) (Row, error) {
	taken, err := l.turns(l.sizes.coldFor(files), side{"cold", func() (time.Duration, error) {
		m, err := l.manager()
		if err != nil {
			return 0, err
		}
		n := l.n
		return after(l.firstResult(func() (*sandbox.Sandbox, error) { return m.FromLocal(l.ctx, dir) }),
			func() error { return l.discard(m, n) })()
	}})
	if err != nil {
		return Row{}, err
	}
	return latencyRow(fmt.Sprintf("%d files, first snapshot", files), taken[0], 0), nil
}

func (l *lab) measureWarm(dir string, files int) ([]Row, error) {
	codebase, err := l.m.ImportCodebase(l.ctx, dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = l.m.DeleteCodebase(l.ctx, codebase.ID) }()
	taken, err := l.turns(
		l.sizes.samples,
		side{"unchanged", l.firstResult(func() (*sandbox.Sandbox, error) { return l.m.FromLocal(l.ctx, dir) })},
		side{"live", l.firstResult(func() (*sandbox.Sandbox, error) { return l.m.FromLocal(l.ctx, dir, sandbox.WithLive()) })},
		side{"codebase", l.firstResult(func() (*sandbox.Sandbox, error) { return l.m.FromCodebase(l.ctx, codebase.ID) })},
	)
	if err != nil {
		return nil, err
	}
	rows := make([]Row, len(taken))
	for i, w := range []struct {
		name string
		most time.Duration // at 10,000 files
	}{
		{"unchanged since the last snapshot", 80 * time.Millisecond},
		{"live", 40 * time.Millisecond},
		{"codebase", 10 * time.Millisecond},
	} {
		if files != 10_000 {
			w.most = 0
		}
		rows[i] = latencyRow(fmt.Sprintf("%d files, %s", files, w.name), taken[i], w.most)
	}
	return rows, nil
}
