// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"context"
	"crypto/rand"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox"
)

var errBusy = syscall.EWOULDBLOCK

func isThere(t *testing.T, m *sandbox.Manager, id string) bool {
	t.Helper()
	_, err := m.GetSandbox(context.Background(), id)
	if err != nil && !errors.Is(err, sandbox.ErrSandboxNotFound) {
		t.Errorf("got %v", err)
	}
	return err == nil
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	m, _ := manager(t)
	cb, err := m.ImportCodebase(t.Context(), project(t, sample))
	check(t, err)
	word := "expiry-" + rand.Text()
	var sb *sandbox.Sandbox
	untilBegun(t, time.Second, func(limit time.Duration) (begun bool) {
		over := func(err error) bool {
			return errors.Is(err, sandbox.ErrSandboxNotRunning) || errors.Is(err, sandbox.ErrSandboxNotFound)
		}
		var err error
		if sb, err = m.FromCodebase(t.Context(), cb.ID, everything, sandbox.WithExpiry(limit)); over(err) {
			return false
		}
		check(t, err)
		var last error
		for o, err := range sb.ExecStream(t.Context(), sandbox.ExecRequest{Command: "echo x > file; echo begun; sleep 1000; : " + word}) {
			begun = begun || string(o.Data) == "begun\n"
			last = err
		}
		if !over(last) {
			t.Errorf("the command ended with %v", last)
		}
		return begun
	})
	eventually(t, "it is gone", func() bool { return !isThere(t, m, sb.ID()) })
	if left := marked(word); len(left) > 0 {
		t.Errorf("processes %v are left", left)
	}
	if got := download(t, m, cb.ID, "file"); got != "x\n" {
		t.Errorf("got %q", got)
	}
}

func TestExpiryAfterRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m, err := sandbox.NewManager(sandbox.Config{StateDir: dir})
	check(t, err)
	source := project(t, sample)
	create := func(opts ...sandbox.Option) string {
		sb, err := m.FromLocal(t.Context(), source, opts...)
		check(t, err)
		return sb.ID()
	}
	past := create(sandbox.WithExpiry(time.Millisecond*500), sandbox.WithAutoStart(false))
	soon := create(sandbox.WithExpiry(10 * time.Second)) // not while it is made
	idle := create(sandbox.WithIdleTimeout(10 * time.Second))
	never := create()
	later := create(sandbox.WithExpiry(time.Hour), sandbox.WithIdleTimeout(time.Hour))
	check(t, m.Close())
	time.Sleep(600 * time.Millisecond)
	m, err = sandbox.NewManager(sandbox.Config{StateDir: dir})
	check(t, err)
	t.Cleanup(func() { check(t, m.Close()) })
	if isThere(t, m, past) {
		t.Error("what was due when the state directory was opened is there")
	}
	for _, id := range []string{soon, idle} {
		eventually(t, "it is gone", func() bool { return !isThere(t, m, id) })
	}
	for _, id := range []string{never, later} {
		if !isThere(t, m, id) {
			t.Error("a sandbox is gone that is not due")
		}
	}
}

func TestIdleTimeout(t *testing.T) {
	t.Parallel()
	m, _ := manager(t)
	source := project(t, sample)
	const idle = 3 * time.Second
	// Each returns a moment at which the sandbox was in use yet.
	for name, work := range map[string]func(*testing.T, *sandbox.Sandbox) time.Time{
		"nothing": nil,
		"command": func(t *testing.T, sb *sandbox.Sandbox) time.Time {
			began := time.Now()
			must(t, sb, "sleep 5")
			return began.Add(5 * time.Second)
		},
		"files": func(t *testing.T, sb *sandbox.Sandbox) (last time.Time) {
			for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
				last = time.Now()
				check(t, sb.WriteFile(t.Context(), "output/x", nil))
			}
			return last
		},
		"background": func(t *testing.T, sb *sandbox.Sandbox) time.Time {
			s, err := sb.Session(t.Context())
			check(t, err)
			began := time.Now()
			_, err = s.Exec(t.Context(), "sleep 5 &")
			check(t, err)
			time.Sleep(time.Until(began.Add(5 * time.Second)))
			return began.Add(5 * time.Second)
		},
		"stopped": func(t *testing.T, sb *sandbox.Sandbox) time.Time {
			began := time.Now()
			check(t, sb.Stop(t.Context()))
			return began
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			used := time.Now()
			sb, err := m.FromLocal(t.Context(), source, sandbox.WithIdleTimeout(idle))
			check(t, err)
			if work != nil {
				used = work(t, sb)
			}
			eventually(t, "it is gone", func() bool { return !isThere(t, m, sb.ID()) })
			if after := time.Since(used); after < idle {
				t.Errorf("it is gone %v after it was in use", after)
			}
		})
	}
}
