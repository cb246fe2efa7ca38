// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/sandbox-rls/sandbox"
)

// filling writes files of some size and prints nothing.
const filling = `python3 -c '
import os, sys
size, n = int(sys.argv[1]), int(sys.argv[2])
data = b"x" * size
os.mkdir("output/d")
for i in range(n):
    with open("output/d/%%d" %% i, "wb") as f: f.write(data)
' %d %d`

const (
	writers      = 8  // sandboxes that write at once
	writeMB      = 24 // that each of them writes
	leastMB      = 24 // a second, of each
	mostWithIdle = 1.5
)

func measureMany(l *lab) (Section, error) {
	s := Section{
		Title: "Many at once",
		About: fmt.Sprintf("Sandboxes of one manager. Idle ones have run a command; busy ones run `true` one after the other, all at once, and the times are those of a command. %d sandboxes that write "+
			"write %d MB each, all at once, in files of one size, beside as many processes outside; the rate is that of one of them.", writers, writeMB),
		Columns: []string{"samples", "alone, or outside", "here", "ratio"},
	}
	codebase, err := l.smallCodebase()
	if err != nil {
		return s, err
	}
	row, err := l.busyBesideIdle(codebase)
	if err != nil {
		return s, err
	}
	s.Rows = append(s.Rows, row)
	for _, c := range []struct {
		kb   int
		goal bool
	}{{64, true}, {16, false}, {4, false}} {
		row, err := l.writing(c.kb, c.goal)
		if err != nil {
			return s, err
		}
		s.Rows = append(s.Rows, row)
	}
	return s, nil
}

// busyBesideIdle has some sandboxes work, with and without many others there.
func (l *lab) busyBesideIdle(codebase string) (Row, error) {
	busy, err := l.hold(codebase, l.sizes.burst)
	defer func() { release(busy) }()
	if err != nil {
		return Row{}, err
	}
	alone, _, err := l.busily(busy)
	if err != nil {
		return Row{}, err
	}
	many := l.sizes.idle[len(l.sizes.idle)-1]
	idle, err := l.hold(codebase, many)
	defer func() { release(idle) }()
	if err != nil {
		return Row{}, err
	}
	debug.FreeOSMemory()
	beside, rate, err := l.busily(busy)
	if err != nil {
		return Row{}, err
	}
	r := ratio(beside, alone)
	return Row{
		Name:  fmt.Sprintf("%d busy beside %d idle ones (%.0f commands a second)", len(busy), many, rate),
		Cells: []string{fmt.Sprint(len(beside)), show(alone.median()), show(beside.median()), times(r)},
		Goal:  atMost(r, mostWithIdle, "×"),
	}, nil
}

// busily runs commands in all sandboxes at once.
func (l *lab) busily(boxes []*sandbox.Sandbox) (all samples, rate float64, err error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	began := time.Now()
	for _, sb := range boxes {
		wg.Go(func() {
			for range l.sizes.samples {
				took, e := inside(l.ctx, sb, "true")()
				mu.Lock()
				all = append(all, took)
				if err == nil {
					err = e
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return all, float64(len(all)) / time.Since(began).Seconds(), err
}

// writing has several sandboxes write at once, beside as many processes outside.
func (l *lab) writing(kb int, goal bool) (Row, error) {
	n := writeMB << 10 / kb
	if l.sizes.burst < writers { // quick
		n /= 16
	}
	command := fmt.Sprintf(filling, kb<<10, n)
	var outside, within []func() error
	for range writers {
		dir, err := l.trapTree()
		if err != nil {
			return Row{}, err
		}
		sb, err := l.m.FromLocal(l.ctx, dir)
		if err != nil {
			return Row{}, err
		}
		defer sb.Close()
		outside = append(outside, func() error { _, err := l.host.run(dir, "/bin/sh", "-c", command); return err },
			func() error { _, err := l.host.run(dir, "/bin/rm", "-r", "output/d"); return err })
		within = append(within, func() error { _, err := output(l.ctx, sb, command); return err },
			func() error { _, err := output(l.ctx, sb, "rm -r output/d"); return err })
	}
	taken, err := l.turns(l.sizes.few,
		side{"outside", after(timed(together(outside, 0)), together(outside, 1))},
		side{"inside", after(timed(together(within, 0)), together(within, 1))},
	)
	if err != nil {
		return Row{}, err
	}
	rate := func(s samples) float64 { return float64(n*kb) / 1024 / s.median().Seconds() }
	row := Row{
		Name:  fmt.Sprintf("writing files of %d KB, each of %d sandboxes", kb, writers),
		Cells: []string{fmt.Sprint(len(taken[0])), fmt.Sprintf("%.1f MB/s", rate(taken[0])), fmt.Sprintf("%.1f MB/s", rate(taken[1])), times(ratio(taken[1], taken[0]))},
	}
	if goal {
		row.Goal = atLeast(rate(taken[1]), leastMB, "MB/s")
	}
	return row, nil
}

// together does every second thing of a list at once, from one on.
func together(list []func() error, first int) func() error {
	return func() error {
		errs := make([]error, len(list))
		var wg sync.WaitGroup
		for i := first; i < len(list); i += 2 {
			wg.Go(func() { errs[i] = list[i]() })
		}
		wg.Wait()
		for _, err := range errs {
			if err != nil {
				return err
			}
		}
		return nil
	}
}
