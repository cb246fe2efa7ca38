// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/sandbox-rls/sandbox"
)

func measureDestroy(l *lab) (Section, error) {
	s := Section{
		Title:   "Destroying",
		About:   "`Destroy`, after which no process, mount or name is left. Each sandbox has run a command.",
		Columns: latencyColumns,
	}
	codebase, err := l.smallCodebase()
	if err != nil {
		return s, err
	}
	one, err := l.turns(l.sizes.samples, side{"one", func() (time.Duration, error) { return l.destroyAll(codebase, 1) }})
	if err != nil {
		return s, err
	}
	burst, err := l.turns(l.sizes.few, side{"burst", func() (time.Duration, error) { return l.destroyAll(codebase, l.sizes.burst) }})
	if err != nil {
		return s, err
	}
	s.Rows = []Row{
		latencyRow("one sandbox", one[0], 10*time.Millisecond),
		latencyRow(fmt.Sprintf("%d sandboxes at once", l.sizes.burst), burst[0], 300*time.Millisecond),
	}
	return s, nil
}

func (l *lab) smallCodebase() (string, error) {
	dir, err := l.tree(l.sizes.trees[0])
	if err != nil {
		return "", err
	}
	c, err := l.m.ImportCodebase(l.ctx, dir)
	if err != nil {
		return "", err
	}
	return c.ID, nil
}

// destroyAll makes n sandboxes and measures how long all at once take to go.
func (l *lab) destroyAll(codebase string, n int) (time.Duration, error) {
	boxes, err := l.hold(codebase, n)
	if err != nil {
		return 0, err
	}
	errs := make([]error, n)
	began := time.Now()
	var wg sync.WaitGroup
	for i, sb := range boxes {
		wg.Go(func() { errs[i] = sb.Destroy(l.ctx) })
	}
	wg.Wait()
	took := time.Since(began)
	for _, err := range errs {
		if err != nil {
			return 0, err
		}
	}
	return took, nil
}

// hold makes n sandboxes, each of which has run a command.
func (l *lab) hold(codebase string, n int) ([]*sandbox.Sandbox, error) {
	var boxes []*sandbox.Sandbox
	for range n {
		sb, err := l.m.FromCodebase(l.ctx, codebase)
		if err == nil {
			boxes = append(boxes, sb)
			_, err = output(l.ctx, sb, "true")
		}
		if err != nil {
			release(boxes)
			return nil, err
		}
	}
	return boxes, nil
}

func release(boxes []*sandbox.Sandbox) {
	for _, sb := range boxes {
		_ = sb.Close()
	}
}
