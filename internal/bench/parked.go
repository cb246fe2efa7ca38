// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/sandbox-rls/sandbox"
)

// parkAfter is longer than waking as many as are measured takes: none of them is
// parked again meanwhile, which takes time of the cores, too.
const parkAfter = 3 * time.Second

func measureParked(l *lab) (Section, error) {
	n := l.sizes.idle[len(l.sizes.idle)-1]
	s := Section{
		Title: "Parked sandboxes",
		About: "Each of an imported codebase of 100 files, under agent-safe, has run a command and has then been left alone until it was parked. Memory is what the owner has grown by " +
			"(PSS) and what the kernel has (slabs, page tables, stacks, per-CPU and shared memory), for one of so many. Waking is `Run(\"true\")` in a parked one; beside it, in one that has its init.",
		Columns: []string{"owner", "kernel", "descriptors", "awake", "parked"},
	}
	m, err := sandbox.NewManager(sandbox.Config{StateDir: l.path("state-parked"), ParkAfter: parkAfter})
	if err != nil {
		return s, err
	}
	defer os.RemoveAll(l.path("state-parked"))
	defer m.Close()
	dir, err := l.tree(l.sizes.trees[0])
	if err != nil {
		return s, err
	}
	c, err := m.ImportCodebase(l.ctx, dir)
	if err != nil {
		return s, err
	}
	for _, kind := range []struct{ name, command string }{
		{"with nothing in memory", "true"},
		{"with a file in /tmp", "echo x > /tmp/x"},
	} {
		rows, err := l.parked(m, c.ID, n, kind.name, kind.command)
		if err != nil {
			return s, err
		}
		s.Rows = append(s.Rows, rows...)
	}
	return s, nil
}

func (l *lab) parked(m *sandbox.Manager, codebase string, n int, name, command string) ([]Row, error) {
	debug.FreeOSMemory()
	before, err := allTold()
	if err != nil {
		return nil, err
	}
	var boxes []*sandbox.Sandbox
	defer func() { release(boxes) }()
	for range n {
		sb, err := m.FromCodebase(l.ctx, codebase)
		if err != nil {
			return nil, err
		}
		boxes = append(boxes, sb)
		if _, err := output(l.ctx, sb, command); err != nil {
			return nil, err
		}
	}
	if err := l.untilParked(boxes); err != nil {
		return nil, err
	}
	debug.FreeOSMemory()
	after, err := allTold()
	if err != nil {
		return nil, err
	}
	var asleep, awake samples
	for _, sb := range boxes[:min(n, l.sizes.samples)] {
		for _, to := range []*samples{&asleep, &awake} {
			took, err := timed(func() error { _, err := output(l.ctx, sb, "true"); return err })()
			if err != nil {
				return nil, err
			}
			*to = append(*to, took)
		}
	}
	each := func(a, b int64) float64 { return float64(a-b) / float64(n) }
	owner, kernel := each(after.owner, before.owner), each(after.kernel, before.kernel)
	cells := []string{megabytes(owner), megabytes(kernel), fmt.Sprintf("%.1f", each(after.files, before.files)), "–", "–"}
	return []Row{
		{Name: fmt.Sprintf("%d %s", n, name), Cells: cells, Goal: atMost((owner+kernel)/(1<<20), 0.2, "MB")},
		{Name: "waking one " + name, Cells: []string{"–", "–", "–", show(awake.median()), show(asleep.median())}, Goal: atMost(milliseconds(asleep.median()), 10, "ms")},
	}, nil
}

// untilParked waits until all are.
func (l *lab) untilParked(boxes []*sandbox.Sandbox) error {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		parked := 0
		for _, sb := range boxes {
			info, err := sb.Info(l.ctx)
			if err != nil {
				return err
			}
			if info.Parked {
				parked++
			}
		}
		if parked == len(boxes) {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d of %d sandboxes are parked", parked, len(boxes))
		}
	}
}

// told is memory, in bytes, and open files.
type told struct{ owner, kernel, files int64 }

func allTold() (t told, err error) {
	self, err := residence([]int{os.Getpid()})
	if err != nil {
		return t, err
	}
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return t, err
	}
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return t, err
	}
	t.owner, t.files = self.pss, int64(len(files))
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		switch f[0] {
		case "Slab:", "KernelStack:", "PageTables:", "Percpu:", "Shmem:":
			kB, _ := strconv.ParseInt(f[1], 10, 64)
			t.kernel += kB << 10
		}
	}
	return t, nil
}
