// SPDX-License-Identifier: MIT

package docker_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/moby/moby/client"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/runtime/docker"
)

// TestEngineRestarted kills the engine beneath a sandbox, and starts it again. As long
// as the engine is away the sandbox goes on. What the engine then does is a matter of
// how it is set up: it keeps the containers, or ends them.
func TestEngineRestarted(t *testing.T) {
	for name, options := range map[string][]string{"ended": nil, "kept": {"--live-restore"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := startEngine(t, options...)
			rt := open(t, busybox, docker.WithHost(e.host))
			sb := newSandbox(t, rt, nil, sandbox.WithPreset("full-access"), sandbox.WithResources(sandbox.ResourceLimits{PidsLimit: 50}))
			run(t, sb, "echo kept > file")
			id := containers(t, e.Client, sb.ID())[0].ID
			if len(cgroupsOf(id)) == 0 {
				t.Error("the container's cgroup is not where the test looks for it")
			}
			e.end(syscall.SIGKILL)

			if r := run(t, sb, "cat file; echo more >> file"); r.Stdout != "kept\n" {
				t.Errorf("without the engine: %+v", r)
			}
			if err := refused(t, rt); !errors.Is(err, docker.ErrEngine) || !strings.Contains(err.Error(), e.host) {
				t.Errorf("another sandbox without the engine: %v", err)
			}

			e.start(t)
			if name == "kept" {
				if r := run(t, sb, "cat file"); r.Stdout != "kept\nmore\n" {
					t.Errorf("with the engine back: %+v", r)
				}
				if info, err := sb.Info(t.Context()); err != nil || info.Status != sandbox.StatusRunning {
					t.Errorf("with the engine back: %+v, %v", info, err)
				}
				// What becomes of it is heard again.
				if _, err := e.ContainerPause(t.Context(), id, client.ContainerPauseOptions{}); err != nil {
					t.Error(err)
				}
				eventually(t, "the sandbox has the status error", func() bool {
					info, err := sb.Info(t.Context())
					return err == nil && info.Status == sandbox.StatusError && strings.Contains(info.Reason, "paused")
				})
			} else {
				var info *sandbox.Info
				eventually(t, "the sandbox has the status error", func() bool {
					var err error
					if info, err = sb.Info(t.Context()); err != nil {
						t.Fatal(err)
					}
					return info.Status == sandbox.StatusError
				})
				if info.Reason == "" {
					t.Error("it does not say why")
				}
				_, err := sb.Run(t.Context(), "true")
				if !errors.Is(err, sandbox.ErrSandboxNotRunning) || !strings.Contains(err.Error(), info.Reason) {
					t.Errorf("a command: %v", err)
				}
				e.nothingLeft(t, id)
				if err := sb.Start(t.Context()); err != nil {
					t.Fatal(err)
				}
				id = containers(t, e.Client, sb.ID())[0].ID
				if r := run(t, sb, "cat file"); r.Stdout != "kept\nmore\n" {
					t.Errorf("started again: %+v", r)
				}
			}
			if err := sb.Close(); err != nil {
				t.Error(err)
			}
			e.nothingLeft(t, id)
		})
	}
}

// TestEngineGone destroys a sandbox whose engine has been killed. Its processes end at
// once, and the container goes when the engine is back: by itself, or, if the engine
// keeps containers, with the next start.
func TestEngineGone(t *testing.T) {
	for name, options := range map[string][]string{"ended": nil, "kept": {"--live-restore"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := startEngine(t, options...)
			rt := open(t, busybox, docker.WithHost(e.host))
			sb := newSandbox(t, rt, nil, sandbox.WithPreset("full-access"))
			run(t, sb, "echo x > file")
			id := containers(t, e.Client, sb.ID())[0].ID
			e.end(syscall.SIGKILL)
			if err := sb.Close(); err != nil {
				t.Error(err)
			}
			if _, err := sb.Run(t.Context(), "true"); !errors.Is(err, sandbox.ErrSandboxNotFound) {
				t.Errorf("a command: %v", err)
			}
			e.start(t)
			if name == "kept" {
				if err := newSandbox(t, rt, nil).Close(); err != nil {
					t.Error(err)
				}
			}
			e.nothingLeft(t, id)
		})
	}
}
