// SPDX-License-Identifier: MIT

package runtimetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/sandbox-rls/sandbox/runtime"
)

// leavings tests that nothing is left of a sandbox, neither of one that ran
// nor of one that could not be built.
func (s *suite) leavings(t *testing.T) {
	s.start(t).Close() // what is made once for all is made now
	t.Run("of a run", func(t *testing.T) {
		before := s.held(t)
		b := s.start(t, func(c *runtime.Config) { c.View.Delta = s.delta(t) })
		b.out("cat hello")
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		s.same(t, before)
	})
	missing := filepath.Join(t.TempDir(), "missing")
	for _, c := range []struct {
		name   string
		names  []string // one of these is in the error
		change func(*runtime.Config)
	}{
		{"missing lower layer", []string{missing, "codebase"}, func(c *runtime.Config) { c.View.Lower[0].Dir = missing }},
		{"missing second layer", []string{missing, "overlay"}, func(c *runtime.Config) {
			c.View.Lower = append(c.View.Lower, runtime.Layer{Dir: missing})
		}},
		{"missing delta", []string{missing, "overlay"}, func(c *runtime.Config) { c.View.Delta = missing }},
		{"delta where no overlay can write", []string{"/proc", "overlay"}, func(c *runtime.Config) { c.View.Delta = "/proc/self" }},
		{"no layer", []string{"layer"}, func(c *runtime.Config) { c.View.Lower = nil }},
		{"filter that is none", []string{"filter"}, func(c *runtime.Config) { c.Filter = []byte("nonsense") }},
		{"missing directory", []string{"/no/such/dir"}, func(c *runtime.Config) { c.Spec.Process.Cwd = "/no/such/dir" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := s.config(t, c.change)
			before := s.held(t)
			in, err := s.runtime.Start(t.Context(), cfg)
			if err == nil {
				in.Close()
				t.Fatal("it started")
			}
			if !slices.ContainsFunc(c.names, func(n string) bool { return strings.Contains(err.Error(), n) }) {
				t.Errorf("%q names none of %q", err, c.names)
			}
			s.same(t, before)
		})
	}
	t.Run("context over", func(t *testing.T) {
		cfg := s.config(t)
		before := s.held(t)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		in, err := s.runtime.Start(ctx, cfg)
		if err == nil {
			in.Close() // it may have been quicker
		} else if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		s.same(t, before)
	})
	t.Run("many at once", func(t *testing.T) {
		before := s.held(t)
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				b := s.start(t)
				b.out("true")
				b.Close()
			})
		}
		wg.Wait()
		s.same(t, before)
	})
}

// end tests the ends of a sandbox.
func (s *suite) end(t *testing.T) {
	t.Run("Close", func(t *testing.T) {
		b := s.start(t)
		marker := newMarker()
		var lines []string
		for _, f := range families {
			lines = append(lines, family(f.script, marker))
		}
		c := b.begin(script(strings.Join(lines, "\n")+"\necho ready; "+sleeper(marker)), "")
		c.ready()
		eventually(t, "all processes appear", func() bool { return len(marked(marker)) > len(families) })
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		if left := marked(marker); len(left) > 0 {
			t.Errorf("processes %v are left", left)
		}
		if r := c.wait(); !errors.Is(r.err, runtime.ErrEnded) {
			t.Errorf("the command ended with %v", r.err)
		}
		b.ended()
		if err := b.Close(); err != nil {
			t.Errorf("closing again: %v", err)
		}
	})
	t.Run("Kill", func(t *testing.T) {
		b := s.start(t)
		marker := newMarker()
		c := b.begin(script("echo ready; "+sleeper(marker)), "")
		c.ready()
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(b.Kill)
		}
		wg.Wait()
		if left := marked(marker); len(left) > 0 {
			t.Errorf("processes %v are left", left)
		}
		if _, err := b.Door().Root.Stat(); err != nil {
			t.Errorf("the door is closed: %v", err)
		}
		b.ended()
	})
	t.Run("of the init", func(t *testing.T) {
		b := s.start(t)
		marker := newMarker()
		c := b.begin(script("echo ready; "+sleeper(marker)), "")
		c.ready()
		if err := syscall.Kill(initOf(t, marked(marker)[0]), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		if r := c.wait(); !errors.Is(r.err, runtime.ErrEnded) {
			t.Errorf("the command ended with %v", r.err)
		}
		b.ended()
		eventually(t, "its processes are gone", func() bool { return len(marked(marker)) == 0 })
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}

// ended checks what a sandbox says of itself after its end.
func (b *box) ended() {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	select {
	case <-b.Done():
	case <-ctx.Done():
		b.t.Fatal("Done is not closed")
	}
	if err := b.try([]string{"true"}); !errors.Is(err, runtime.ErrEnded) {
		b.t.Errorf("starting a command: got %v, want %v", err, runtime.ErrEnded)
	}
}

// ownerVariable makes Run an owner of a sandbox that waits for its end.
const ownerVariable = "RUNTIMETEST_OWNER"

// owner tests that a sandbox ends with its owner, however that ends.
func (s *suite) owner(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			mounts := held(t).mounts
			marker := newMarker()
			cmd := exec.Command("/proc/self/exe", "-test.run=^"+s.test+"$", "-test.v=false")
			cmd.Env = append(os.Environ(), ownerVariable+"="+marker)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			cmd.Stderr = os.Stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
			if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
				t.Fatalf("the owner said %q, %v", line, err)
			}
			eventually(t, "its processes appear", func() bool { return len(marked(marker)) >= 3 })
			pids := marked(marker)
			// The init, and whatever there is between it and the owner.
			for pid := initOf(t, pids[0]); pid > 1 && pid != cmd.Process.Pid; pid = parentOf(pid) {
				pids = append(pids, pid)
			}
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			eventually(t, "its processes are gone", func() bool { return !slices.ContainsFunc(pids, alive) && len(marked(marker)) == 0 })
			if s.Image {
				return // those of an engine's other containers come and go
			}
			eventually(t, "nothing is mounted that was not before", func() bool {
				now := held(t).mounts
				return now == stillMounted(mounts, now)
			})
		})
	}
}

// own is the owner. It never ends by itself.
func own(t *testing.T, traits Traits, rt runtime.Runtime, marker string) {
	s := &suite{Traits: traits, runtime: rt}
	b := s.start(t, func(c *runtime.Config) { c.View.Delta = s.delta(t) })
	c := b.begin(script("setsid sh -c '"+sleeper(marker)+"' & (sh -c '"+sleeper(marker)+"' &); echo ready; "+sleeper(marker)), "")
	fmt.Println(c.ready())
	select {}
}
