// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"sync"
	"testing"

	"github.com/sandbox-rls/sandbox"
)

func TestInfo(t *testing.T) {
	t.Parallel()
	dir := project(t, sample)
	labels := map[string]string{"team": "a"}
	sb := start(t, dir, sandbox.WithLabels(labels), sandbox.WithLabels(map[string]string{"run": "7"}), sandbox.WithAutoStart(false))
	labels["team"] = "changed"
	info := infoOf(t, sb)
	if info.ID != sb.ID() || info.Status != sandbox.StatusPending || info.Runtime != "native" || info.Source != dir || info.Live ||
		info.Created.IsZero() || !info.Started.IsZero() || !maps.Equal(info.Labels, map[string]string{"team": "a", "run": "7"}) {
		t.Errorf("got %+v", info)
	}
	preset, err := sandbox.GetPreset(sandbox.DefaultPreset)
	check(t, err)
	if len(info.Rules) != len(preset) || len(info.Skipped) != 0 {
		t.Errorf("got %+v", info)
	}
	info.Labels["team"], info.Rules[0].Permission = "changed", sandbox.Write
	if infoOf(t, sb).Labels["team"] != "a" || infoOf(t, sb).Rules[0].Permission != sandbox.Read {
		t.Error("what Info returns is the sandbox's own")
	}
	_, err = sb.Run(t.Context(), "true")
	wantError(t, err, sandbox.ErrSandboxNotRunning)
	check(t, sb.Start(t.Context()))
	if info := infoOf(t, sb); info.Status != sandbox.StatusRunning || info.Started.IsZero() {
		t.Errorf("got %+v", info)
	}
}

func TestLifecycle(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	sb := start(t, project(t, sample))
	must(t, sb, "echo kept > output/file")
	for range 2 {
		check(t, sb.Start(ctx))
	}
	for range 2 {
		check(t, sb.Stop(ctx))
		if info := infoOf(t, sb); info.Status != sandbox.StatusStopped || info.Stopped.IsZero() {
			t.Errorf("got %+v", info)
		}
	}
	_, err := sb.Run(ctx, "true")
	wantError(t, err, sandbox.ErrSandboxNotRunning)
	_, err = sb.ReadFile(ctx, "README.md")
	wantError(t, err, sandbox.ErrSandboxNotRunning)
	wantError(t, sb.WriteFile(ctx, "output/x", nil), sandbox.ErrSandboxNotRunning)
	_, err = sb.ListFiles(ctx, "", false)
	wantError(t, err, sandbox.ErrSandboxNotRunning)
	wantChanges(t, sb, "added /output/file")
	for range 3 {
		check(t, sb.Start(ctx))
		if got := must(t, sb, "cat output/file; ls /tmp; touch /tmp/left"); got != "kept" {
			t.Errorf("got %q", got)
		}
		check(t, sb.Stop(ctx))
	}
	for range 2 {
		check(t, sb.Destroy(ctx))
		check(t, sb.Close())
	}
	for _, err := range []error{sb.Start(ctx), sb.Stop(ctx)} {
		if err == nil {
			t.Error("a destroyed sandbox can be started or stopped")
		}
		wantError(t, err, sandbox.ErrSandboxNotFound)
	}
	_, err = sb.Run(ctx, "true")
	wantError(t, err, sandbox.ErrSandboxNotFound)
	if sb.Explain("/.env").Permission != sandbox.None || sb.ID() == "" {
		t.Error("a destroyed sandbox has forgotten what it was")
	}
}

func TestStopEndsCommands(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*sandbox.Sandbox) error{
		"Stop":    func(sb *sandbox.Sandbox) error { return sb.Stop(context.Background()) },
		"Destroy": func(sb *sandbox.Sandbox) error { return sb.Destroy(context.Background()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sb := start(t, project(t, sample))
			word := "stop-" + rand.Text()
			done := make(chan error, 1)
			go func() {
				_, err := sb.Run(context.Background(), "(setsid sh -c 'sleep 1000; : "+word+"' &); sleep 1000; : "+word)
				done <- err
			}()
			eventually(t, "the command runs", func() bool { return len(marked(word)) >= 2 })
			check(t, end(sb))
			if left := marked(word); len(left) > 0 {
				t.Errorf("processes %v are left", left)
			}
			if err := <-done; !errors.Is(err, sandbox.ErrSandboxNotRunning) {
				t.Errorf("the command ended with %v", err)
			}
		})
	}
}

func TestConcurrentLifecycle(t *testing.T) {
	t.Parallel()
	sb := start(t, project(t, sample))
	ctx := context.Background()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 5 {
				switch i % 4 {
				case 0:
					check(t, sb.Start(ctx))
				case 1:
					check(t, sb.Stop(ctx))
				case 2:
					if r, err := sb.Run(ctx, "echo x > output/file && cat output/file"); err == nil && r.Stdout != "x\n" && r.ExitCode == 0 {
						t.Errorf("got %+v", r)
					} else if err != nil && !errors.Is(err, sandbox.ErrSandboxNotRunning) {
						t.Errorf("got %v", err)
					}
				case 3:
					_, _ = sb.Info(ctx)
					if _, err := sb.Changes(ctx); err != nil {
						t.Error(err)
					}
					if err := sb.WriteFile(ctx, "output/other", []byte("x")); err != nil && !errors.Is(err, sandbox.ErrSandboxNotRunning) {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	for range 4 {
		wg.Go(func() { check(t, sb.Destroy(ctx)) })
		wg.Go(func() { _ = sb.Start(ctx) })
	}
	wg.Wait()
	_, err := sb.Run(ctx, "true")
	wantError(t, err, sandbox.ErrSandboxNotFound)
}

func TestManySandboxes(t *testing.T) {
	t.Parallel()
	dir := project(t, sample)
	const n = 100
	boxes := make([]*sandbox.Sandbox, n)
	word := "many-" + rand.Text()
	var wg sync.WaitGroup
	limit := make(chan struct{}, 8)
	for i := range n {
		wg.Go(func() {
			limit <- struct{}{}
			defer func() { <-limit }()
			sb, err := sandbox.FromLocal(context.Background(), dir)
			if err != nil {
				t.Error(err)
				return
			}
			boxes[i] = sb
			if r, err := sb.Run(context.Background(), "echo x > output/f; cat README.md"); err != nil || r.Stdout != "# Sample\n" {
				t.Errorf("got %+v, %v", r, err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	ended := make(chan error, n)
	for _, sb := range boxes {
		go func() {
			_, err := sb.Run(context.Background(), "sleep 1000; : "+word)
			ended <- err
		}()
	}
	eventually(t, "all commands run", func() bool { return len(marked(word)) >= n })
	for _, sb := range boxes {
		wg.Go(func() { check(t, sb.Destroy(context.Background())) })
	}
	wg.Wait()
	if left := marked(word); len(left) > 0 {
		t.Errorf("%d processes are left", len(left))
	}
	for range n {
		if err := <-ended; err == nil {
			t.Error("a command ended without an error")
		}
	}
}
