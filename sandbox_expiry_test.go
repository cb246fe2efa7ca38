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
	sb, err := m.FromCodebase(t.Context(), cb.ID, everything, sandbox.WithExpiry(time.Second))
	check(t, err)
	word := "expiry-" + rand.Text()
	_, err = sb.Run(t.Context(), "echo x > file; sleep 1000; : "+word)
	if !errors.Is(err, sandbox.ErrSandboxNotRunning) && !errors.Is(err, sandbox.ErrSandboxNotFound) {
		t.Errorf("the command ended with %v", err)
	}
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
	soon := create(sandbox.WithExpiry(3 * time.Second))
	idle := create(sandbox.WithIdleTimeout(2 * time.Second))
	never := create()
	later := create(sandbox.WithExpiry(time.Hour), sandbox.WithIdleTimeout(time.Hour))
	check(t, m.Close())
	time.Sleep(600 * time.Millisecond)
	m, err = sandbox.NewManager(sandbox.Config{StateDir: dir})
	check(t, err)
	t.Cleanup(func() { check(t, m.Close()) })
	for _, id := range []string{past, soon, idle} {
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
	for name, work := range map[string]func(*testing.T, *sandbox.Sandbox){
		"nothing": func(*testing.T, *sandbox.Sandbox) {},
		"command": func(t *testing.T, sb *sandbox.Sandbox) { must(t, sb, "sleep 5") },
		"files": func(t *testing.T, sb *sandbox.Sandbox) {
			for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
				check(t, sb.WriteFile(t.Context(), "output/x", nil))
			}
		},
		"background": func(t *testing.T, sb *sandbox.Sandbox) {
			s, err := sb.Session(t.Context())
			check(t, err)
			_, err = s.Exec(t.Context(), "sleep 5 &")
			check(t, err)
			time.Sleep(5 * time.Second)
		},
		"stopped": func(t *testing.T, sb *sandbox.Sandbox) { check(t, sb.Stop(t.Context())) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sb, err := m.FromLocal(t.Context(), source, sandbox.WithIdleTimeout(idle))
			check(t, err)
			work(t, sb)
			if !isThere(t, m, sb.ID()) {
				t.Error("it is gone although it was in use")
			}
			began := time.Now()
			eventually(t, "it is gone", func() bool { return !isThere(t, m, sb.ID()) })
			if after := time.Since(began); name != "nothing" && after < idle-time.Second {
				t.Errorf("it is gone after %v", after)
			}
		})
	}
}
