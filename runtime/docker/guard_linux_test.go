// SPDX-License-Identifier: MIT

package docker_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/fsguard/fsguardtest"
	"github.com/sandbox-rls/sandbox/runtime/docker"
)

// guardBox is a sandbox, for the guard's acceptance suite.
type guardBox struct {
	t  *testing.T
	sb *sandbox.Sandbox
}

func (b *guardBox) Exec(argv []string, stdin []byte) (stdout, stderr []byte, exitCode int) {
	b.t.Helper()
	r, err := b.sb.Exec(context.Background(), sandbox.ExecRequest{Argv: argv, Stdin: bytes.NewReader(stdin), Timeout: 2 * time.Minute})
	if err != nil {
		b.t.Fatalf("exec: %v", err)
	}
	return []byte(r.Stdout), []byte(r.Stderr), r.ExitCode
}

func (b *guardBox) Changes() []fsguardtest.Change {
	b.t.Helper()
	changes, err := b.sb.Changes(context.Background())
	if err != nil {
		b.t.Fatalf("changes: %v", err)
	}
	var list []fsguardtest.Change
	for _, c := range changes {
		list = append(list, fsguardtest.Change{Path: c.Path, Kind: string(c.Kind), Mode: c.Mode, Size: c.Size})
	}
	return list
}

func (b *guardBox) Close() { _ = b.sb.Close() }

// configurations are the images and users that the suites run with.
var configurations = []struct{ name, image, user string }{
	{"busybox-root", busybox, ""},
	{"busybox-1000", busybox, "1000:1000"},
	{"debian-root", debian, ""},
	{"debian-1000", debian, "1000:1000"},
}

// TestGuardAcceptance runs the guard's suite in containers, on a snapshot and on the
// directory itself.
func TestGuardAcceptance(t *testing.T) {
	engine(t)
	m := manager(t)
	for _, c := range configurations {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rt := open(t, c.image, docker.WithUser(c.user))
			for name, live := range map[string][]sandbox.Option{"snapshot": nil, "live": {sandbox.WithLive()}} {
				if live != nil && c.name != "debian-root" {
					continue // it makes no difference to image and user
				}
				t.Run(name, func(t *testing.T) {
					fsguardtest.Run(t, func(t *testing.T, dir string, rules []fsguard.Rule) fsguardtest.Box {
						opts := append([]sandbox.Option{sandbox.WithRules(rules...), sandbox.WithOutputLimit(-1), sandbox.WithRuntime(rt)}, live...)
						sb, err := m.FromLocal(t.Context(), dir, opts...)
						if err != nil {
							t.Fatal(err)
						}
						return &guardBox{t, sb}
					}, fsguardtest.WithProbe(build(t, probePackage)), fsguardtest.WithForeignFilter())
				})
			}
		})
	}
}

// manager returns a manager of its own.
func manager(t testing.TB) *sandbox.Manager {
	t.Helper()
	m, err := sandbox.NewManager(sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}
