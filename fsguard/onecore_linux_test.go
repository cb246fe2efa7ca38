// SPDX-License-Identifier: MIT

package fsguard

import (
	"errors"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/thread"
)

// cores returns where a thread may run.
func cores(t *testing.T, tid int) unix.CPUSet {
	t.Helper()
	var s unix.CPUSet
	if err := unix.SchedGetaffinity(tid, &s); err != nil {
		t.Error(err)
	}
	return s
}

func bindTo(t *testing.T, tid int, s unix.CPUSet) {
	t.Helper()
	if err := unix.SchedSetaffinity(tid, &s); err != nil {
		t.Error(err)
	}
}

// oneOf returns a set of one core of several.
func oneOf(all unix.CPUSet) (one unix.CPUSet) {
	for i := range len(all) * 64 {
		if all.IsSet(i) {
			one.Set(i)
			return one
		}
	}
	return one
}

// sleeper starts a process to be bound, of one thread.
func sleeper(t *testing.T) int {
	t.Helper()
	cmd := exec.Command("sleep", "600")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd.Process.Pid
}

// severalCores is for tests of what happens between two.
func severalCores(t *testing.T) {
	t.Helper()
	if s := cores(t, 0); s.Count() < 2 {
		t.Skip("this process may run on one core alone, from which nothing can be kept")
	}
}

func TestHandOverOnOneCore(t *testing.T) {
	severalCores(t)
	for name, c := range map[string]struct {
		before, meanwhile func(t *testing.T, tid int, all unix.CPUSet)
		bound             bool                                   // while it is handed over
		after             func(all, set unix.CPUSet) unix.CPUSet // of the thread, with what was set meanwhile; nil: all
	}{
		"one that may run everywhere": {bound: true},
		"one that is bound already": {
			before: func(t *testing.T, tid int, all unix.CPUSet) { bindTo(t, tid, oneOf(all)) },
			after:  func(all, _ unix.CPUSet) unix.CPUSet { return oneOf(all) },
		},
		"one that is bound to others meanwhile": {
			meanwhile: func(t *testing.T, tid int, all unix.CPUSet) {
				here := cores(t, tid)
				for i := range len(all) * 64 {
					if all.IsSet(i) && !here.IsSet(i) {
						other := unix.CPUSet{}
						other.Set(i)
						bindTo(t, tid, other)
						return
					}
				}
			},
			bound: true,
			after: func(_, set unix.CPUSet) unix.CPUSet { return set },
		},
	} {
		t.Run(name, func(t *testing.T) {
			tid := sleeper(t)
			thread.Discard(func() {
				k := newOneCore()
				all := cores(t, 0)
				if k.idle || k.everywhere != all {
					t.Errorf("nothing is ever bound: %+v, of %v", k, all)
				}
				k.left = 1
				if c.before != nil {
					c.before(t, tid, all)
				}
				var set unix.CPUSet // by meanwhile
				n, err := k.handOver(tid, func() (int, error) {
					theirs, own := cores(t, tid), cores(t, 0)
					if bound := theirs == own && own.Count() == 1; bound != c.bound || !bound && own != all {
						t.Errorf("bound to %v, and the worker to %v", theirs, own)
					}
					if c.meanwhile != nil {
						c.meanwhile(t, tid, all)
						set = cores(t, tid)
					}
					return 7, unix.ENOENT
				})
				if n != 7 || !errors.Is(err, unix.ENOENT) || k.left != 0 {
					t.Errorf("handed over: %d, %v; %d left", n, err, k.left)
				}
				want := all
				if c.after != nil {
					want = c.after(all, set)
				}
				if theirs := cores(t, tid); theirs != want {
					t.Errorf("runs on %v afterwards, want %v", theirs, want)
				}
				if own := cores(t, 0); own != all {
					t.Errorf("the worker runs on %v afterwards, not on all of %v", own, all)
				}
			})
		})
	}
}

// TestHandOverToNobody has a thread that ends before it is bound.
func TestHandOverToNobody(t *testing.T) {
	severalCores(t)
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	thread.Discard(func() {
		k := newOneCore()
		k.left = 1
		all := cores(t, 0)
		if _, err := k.handOver(cmd.Process.Pid, func() (int, error) { return -1, unix.ENOENT }); !errors.Is(err, unix.ENOENT) {
			t.Error(err)
		}
		if own := cores(t, 0); own != all || k.idle {
			t.Errorf("the worker runs on %v of %v, idle %v", own, all, k.idle)
		}
	})
}

// TestWhenHandOversAreKept tells by what a hand-over takes that the next are to be kept on one core.
func TestWhenHandOversAreKept(t *testing.T) {
	severalCores(t)
	tid := sleeper(t)
	thread.Discard(func() {
		k := newOneCore()
		slow := func() (int, error) { time.Sleep(2 * apart); return 0, nil }
		_, _ = k.handOver(tid, slow)
		if k.left != together {
			t.Errorf("%d hand-overs are kept on one core after a slow one, want %d", k.left, together)
		}
		for range together {
			_, _ = k.handOver(tid, slow) // what it takes then says nothing
		}
		if k.left != 0 {
			t.Errorf("%d left", k.left)
		}
	})
}

// TestBoundProcess has a process that somebody has bound: it stays so, and binds nobody.
func TestBoundProcess(t *testing.T) {
	severalCores(t)
	tid := sleeper(t)
	thread.Discard(func() {
		all := cores(t, 0)
		bindTo(t, 0, oneOf(all))
		k := newOneCore()
		k.left = 1
		_, _ = k.handOver(tid, func() (int, error) {
			if theirs := cores(t, tid); theirs != all {
				t.Errorf("bound to %v", theirs)
			}
			return 0, nil
		})
		if own := cores(t, 0); own != oneOf(all) {
			t.Errorf("was bound to %v, and is to %v", oneOf(all), own)
		}
	})
}
