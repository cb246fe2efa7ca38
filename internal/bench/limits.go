// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/sandbox-rls/sandbox"
)

// limitSets are what is compared with no limits at all, by name.
var limitSets = []struct {
	name   string
	limits sandbox.ResourceLimits
}{
	{"memory, CPU and processes", sandbox.ResourceLimits{MemoryBytes: 1 << 30, CPUQuota: 200_000, CPUShares: 1024, PidsLimit: 500}},
	{"disk, 1 GiB", sandbox.ResourceLimits{DiskBytes: 1 << 30}},
	{"all of them", sandbox.ResourceLimits{MemoryBytes: 1 << 30, CPUQuota: 200_000, CPUShares: 1024, PidsLimit: 500, DiskBytes: 1 << 30}},
}

func measureLimits(l *lab) (Section, error) {
	s := Section{
		Title: "Limits",
		About: "What limits add to the median: to the way from an imported codebase of 100 files to the first result, to destroying the sandbox, " +
			"and to `Run(\"true\")` in one that runs. With and without take turns.",
		Columns: []string{"start without", "start with", "added at start", "added at destroy", "added to a command"},
	}
	codebase, err := l.smallCodebase()
	if err != nil {
		return s, err
	}
	for _, set := range limitSets {
		row, err := l.limits(codebase, set.name, sandbox.WithResources(set.limits))
		if errors.Is(err, sandbox.ErrUnsupported) {
			s.Rows = append(s.Rows, Row{Name: set.name + ": not to be had by this user here", Cells: []string{"–", "–", "–", "–", "–"}})
			continue
		}
		if err != nil {
			return s, err
		}
		s.Rows = append(s.Rows, row)
	}
	return s, nil
}

func (l *lab) limits(codebase, name string, limits sandbox.Option) (Row, error) {
	var starts, ends, runs [2]samples
	for i := range 2 * (l.sizes.samples + 1) {
		with := i % 2
		var opts []sandbox.Option
		if with == 1 {
			opts = append(opts, limits)
		}
		start, run, end, err := l.lifetime(codebase, opts...)
		if err != nil {
			return Row{}, err
		}
		if i < 2 {
			continue // warms up
		}
		starts[with], ends[with], runs[with] = append(starts[with], start), append(ends[with], end), append(runs[with], run)
	}
	added := func(s [2]samples) time.Duration { return s[1].median() - s[0].median() }
	signed := func(d time.Duration) string { return fmt.Sprintf("%+.2f ms", milliseconds(d)) }
	return Row{
		Name:  name,
		Cells: []string{show(starts[0].median()), show(starts[1].median()), signed(added(starts)), signed(added(ends)), signed(added(runs))},
		Goal:  atMost(milliseconds(added(starts)), 3, "ms"),
	}, nil
}

// lifetime measures the parts of a sandbox's life.
func (l *lab) lifetime(codebase string, opts ...sandbox.Option) (start, run, end time.Duration, err error) {
	began := time.Now()
	sb, err := l.m.FromCodebase(l.ctx, codebase, opts...)
	if err != nil {
		return 0, 0, 0, err
	}
	if _, err = output(l.ctx, sb, "true"); err == nil {
		start = time.Since(began)
		run, err = timed(func() error {
			_, err := output(l.ctx, sb, "true")
			return err
		})()
	}
	began = time.Now()
	if e := sb.Close(); err == nil {
		err = e
	}
	return start, run, time.Since(began), err
}
