// SPDX-License-Identifier: MIT

package sandbox_test

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/fsguard/fsguardtest"
	"github.com/sandbox-rls/sandbox/runtime/bwrap"
)

// guardBox is a sandbox, for the guard's acceptance suite.
type guardBox struct {
	t  *testing.T
	sb *sandbox.Sandbox
}

func (b *guardBox) Exec(argv []string, stdin []byte) (stdout, stderr []byte, exitCode int) {
	b.t.Helper()
	// The time is there for a probe that hangs; nothing depends on it.
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

// TestGuardAcceptance runs the guard's suite on the native runtime, on a
// snapshot of the directory, on the directory itself, and on a codebase, and by
// bwrap on a snapshot.
func TestGuardAcceptance(t *testing.T) {
	m, err := sandbox.NewManager(sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	wrapped := sync.OnceValue(func() *bwrap.Runtime { return bubblewrap(t) })
	fromLocal := func(ctx context.Context, dir string, opts ...sandbox.Option) (*sandbox.Sandbox, error) {
		return m.FromLocal(ctx, dir, opts...)
	}
	for name, from := range map[string]func(context.Context, string, ...sandbox.Option) (*sandbox.Sandbox, error){
		"snapshot": fromLocal,
		"live": func(ctx context.Context, dir string, opts ...sandbox.Option) (*sandbox.Sandbox, error) {
			return fromLocal(ctx, dir, append(opts, sandbox.WithLive())...)
		},
		"codebase": func(ctx context.Context, dir string, opts ...sandbox.Option) (*sandbox.Sandbox, error) {
			c, err := m.ImportCodebase(ctx, dir)
			if err != nil {
				return nil, err
			}
			defer m.DeleteCodebase(ctx, c.ID)
			return m.FromCodebase(ctx, c.ID, opts...)
		},
		"bwrap": func(ctx context.Context, dir string, opts ...sandbox.Option) (*sandbox.Sandbox, error) {
			return fromLocal(ctx, dir, append(opts, sandbox.WithRuntime(wrapped()))...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			fsguardtest.Run(t, func(t *testing.T, dir string, rules []fsguard.Rule) fsguardtest.Box {
				sb, err := from(t.Context(), dir, sandbox.WithRules(rules...), sandbox.WithOutputLimit(-1))
				if err != nil {
					t.Fatal(err)
				}
				return &guardBox{t, sb}
			})
		})
	}
}
