// SPDX-License-Identifier: MIT

package launch

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/runtime"
)

// TestClosedWhileStarting closes a launcher in the middle of starts: at first, and when there is a process
// on standby. Neither does the start succeed, nor is another process begun for it, which nobody would end.
func TestClosedWhileStarting(t *testing.T) {
	filter, err := fsguard.Filter(false)
	if err != nil {
		t.Fatal(err)
	}
	cfg := runtime.Config{
		Spec:   runtime.NewSpec(runtime.SpecOptions{Hostname: "test", Dir: "/workspace"}),
		View:   runtime.View{Target: "/workspace", Lower: []runtime.Layer{{Dir: t.TempDir()}}},
		Filter: filter,
	}
	l := New(Options{})
	defer l.Close()
	closing := func(spec *specs.Spec, p Planned) (Order, error) {
		l.Close()
		return Direct(spec, p)
	}
	// One that is kept for a start after the closing is not for the one before it.
	later := func(spec *specs.Spec, p Planned) (Order, error) {
		l.Close()
		s, err := l.spawner.turn().get()
		if err != nil {
			t.Fatal(err)
		}
		l.standby.fill(l.usual, s)
		<-l.standby.next.done
		return Direct(spec, p)
	}
	if in, err := l.Start(t.Context(), cfg, later); !errors.Is(err, os.ErrClosed) {
		t.Errorf("with a process of a later start: %v, %v", in, err)
	}
	l.Close()
	for delay := time.Duration(0); delay < 12*time.Millisecond; delay += time.Millisecond {
		in, err := l.Start(t.Context(), cfg, func(spec *specs.Spec, p Planned) (Order, error) {
			time.AfterFunc(delay, func() { l.Close() })
			return Direct(spec, p)
		})
		if err == nil {
			in.Close()
		} else if !errors.Is(err, os.ErrClosed) {
			t.Errorf("closed after %v: %v", delay, err)
		}
	}
	for name, ready := range map[string]func(){"nothing begun": func() {}, "on standby": l.Prepare} {
		t.Run(name, func(t *testing.T) {
			ready()
			in, err := l.Start(t.Context(), cfg, closing)
			if err == nil {
				in.Close()
			}
			if !errors.Is(err, os.ErrClosed) {
				t.Errorf("got %v", err)
			}
			if s := l.spawner.running(); s != nil {
				t.Error("there is a process")
			}
			if in, err = l.Start(t.Context(), cfg, Direct); err != nil {
				t.Fatal(fmt.Errorf("a later one: %w", err))
			}
			in.Close()
			l.Close()
		})
	}
}
