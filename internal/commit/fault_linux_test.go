// SPDX-License-Identifier: MIT

package commit_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/commit"
)

// mixed changes everything that can be changed.
var mixed = struct{ before, after files }{
	files{
		"edit": "1", "chmod": "0644 x", "remove": "gone", "keep": "same", "d/x": "1", "d/y": "2", "old/a/b": "1", "old/c": "->d",
		"turn": "file", "nrut/a": "x", "mode": "0755 /", "mode/x": "1", "link": "->a",
	},
	files{
		"edit": "2", "chmod": "0600 x", "keep": "same", "d/x": "2", "d/z": "3", "new/a/b": "1", "new/c": "->d", "new": "0500 /",
		"turn/a/b": "in", "nrut": "file", "mode": "0711 /", "mode/x": "1", "link": "->b", "big": string(make([]byte, 400<<10)),
	},
}

// flags makes renameat2(2) one of an old file system.
func noFlags(fault func(string) error) func(string) error {
	return func(call string) error {
		if call == "renameat2" {
			return unix.EINVAL
		}
		return fault(call)
	}
}

// TestFaults has one call fail, each in turn: once, and with all that follow, as in
// a crash. After that and Recover the target is as before or as after.
func TestFaults(t *testing.T) {
	for _, old := range []bool{false, true} {
		for _, crash := range []bool{false, true} {
			for _, errno := range []error{unix.ENOSPC, unix.EIO, unix.EACCES} {
				if crash && errno != unix.EIO {
					continue
				}
				t.Run(fmt.Sprintf("old=%v,crash=%v,%v", old, crash, errno), func(t *testing.T) {
					n := 1
					for faultAt(t, n, errno, crash, old) {
						n++
					}
					if n < 50 {
						t.Errorf("only %d calls", n)
					}
				})
			}
		}
	}
}

// faultAt is false when there are fewer than n calls.
func faultAt(t *testing.T, n int, errno error, crash, old bool) bool {
	dir := memoryDir(t)
	before, after := mixed.before, mixed.after
	if old { // such a file system cannot exchange a file with a directory
		before, after = without(before, "turn"), without(after, "turn/a/b")
	}
	w := newWorld(t, dir, before, after)
	calls, fired := 0, ""
	fault := func(call string) error {
		calls++
		if calls == n || crash && calls > n {
			if fired == "" {
				fired = call
			}
			return errno
		}
		return nil
	}
	w.journal.fault = fault
	used := fault
	if old {
		used = noFlags(fault)
	}
	report, err := w.commit(t, commit.Options{}.WithFault(used))
	w.journal.fault = nil
	if err != nil && fired == "" || err != nil && !errors.Is(err, errno) && !crash {
		t.Fatalf("%d (%s): %v", n, fired, err)
	}
	var left int
	if report != nil {
		left = len(report.Left)
	}
	recovered, rerr := commit.RecoverWithFault(context.Background(), w.journal, oldSystem(old))
	must(t, rerr)
	for _, r := range recovered {
		if r.Err != nil || r.Outcome == commit.Unsettled || r.Report != nil && len(r.Report.Left) > 0 {
			t.Fatalf("%d (%s): %+v %+v", n, fired, r, r.Report)
		}
	}
	w.clean(t)
	got := scan(t, w.target)
	isOld, isNew := equal(got, scan(t, w.lower)), equal(got, scan(t, w.after))
	if !isOld && !isNew {
		t.Errorf("%d (%s): neither nor, after %v, recovered %+v", n, fired, err, recovered)
		w.same(t, w.after)
	}
	if err == nil && !isNew {
		t.Errorf("%d (%s): no error, but not applied", n, fired)
	}
	if err != nil && len(recovered) == 0 && !isOld && calls > 0 && report != nil && len(report.Applied) == 0 {
		t.Errorf("%d (%s): %v, but applied; left %d", n, fired, err, left)
	}
	return fired != ""
}

func oldSystem(old bool) func(string) error {
	if !old {
		return nil
	}
	return noFlags(func(string) error { return nil })
}

func without(f files, names ...string) files {
	g := files{}
	for k, v := range f {
		g[k] = v
	}
	for _, n := range names {
		delete(g, n)
	}
	return g
}

// TestRecoveryCrashes has Recover itself fail at each call, over and over.
func TestRecoveryCrashes(t *testing.T) {
	for _, at := range []int{12, 60, 75, 85, 95, 105, 115} {
		dir := memoryDir(t)
		w := newWorld(t, dir, mixed.before, mixed.after)
		crash := func(n int) func(string) error {
			calls := 0
			return func(string) error {
				if calls++; calls >= n {
					return unix.EIO
				}
				return nil
			}
		}
		fault := crash(at)
		w.journal.fault = fault
		_, _ = w.commit(t, commit.Options{}.WithFault(fault))
		for n := 1; len(w.journal.entries) > 0; n++ {
			fault := crash(n)
			w.journal.fault = fault
			_, err := commit.RecoverWithFault(context.Background(), w.journal, fault)
			must(t, err)
			if n > 500 {
				t.Fatal("no end")
			}
		}
		w.clean(t)
		if got := scan(t, w.target); !equal(got, scan(t, w.lower)) && !equal(got, scan(t, w.after)) {
			w.same(t, w.after)
		}
	}
}
