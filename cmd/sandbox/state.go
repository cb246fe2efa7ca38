// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/internal/statedir"
	"github.com/sandbox-rls/sandbox/runtime"
	"github.com/sandbox-rls/sandbox/runtime/bwrap"
)

// turn is how long another process may take to be done with the state directory:
// long enough for one that only lists something.
const turn = time.Second

func (a *app) addStateFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.stateDir, "state-dir", "", "`directory` in which sandboxes are kept (default $SANDBOX_STATE_DIR, else ~/.local/state/sandbox)")
	_ = cmd.MarkFlagDirname("state-dir")
}

// statePath is the state directory that the user means.
func (a *app) statePath() (string, error) {
	switch {
	case a.stateDir != "":
		return a.stateDir, nil
	case os.Getenv("SANDBOX_STATE_DIR") != "":
		return os.Getenv("SANDBOX_STATE_DIR"), nil
	}
	base := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(base) { // which the specification wants ignored
		home, err := os.UserHomeDir()
		if err != nil {
			return "", usagef("no place to keep sandboxes in (%v): give --state-dir", err)
		}
		base = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(base, "sandbox"), nil
}

// inState has something done with what is kept in the state directory, which is
// this program's meanwhile.
func (a *app) inState(ctx context.Context, do func(ctx context.Context, m *sandbox.Manager, r *relay) error) error {
	r, ctx := relaySignals(ctx)
	m, err := a.openState(ctx)
	if err == nil {
		err = errors.Join(do(ctx, m, r), m.Close())
	}
	return unlessSignalled(ctx, err)
}

func (a *app) openState(ctx context.Context) (*sandbox.Manager, error) {
	path, err := a.statePath()
	if err != nil {
		return nil, err
	}
	cfg := sandbox.Config{StateDir: path, Runtimes: []runtime.Runtime{bwrap.New()}}
	for deadline := time.Now().Add(turn); ; {
		m, err := sandbox.NewManager(cfg)
		var busy *statedir.InUseError
		if !errors.As(err, &busy) {
			return m, err
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("state directory %s is in use by %s, and has one owner at a time: wait for it, or end it", busy.Path, holder(busy.PID))
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// holder names a process for a person to recognise.
func holder(pid int) string {
	text := fmt.Sprintf("process %d", pid)
	args, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil || len(args) == 0 {
		return text
	}
	line := string(bytes.ReplaceAll(bytes.TrimRight(args, "\x00"), []byte{0}, []byte{' '}))
	if len(line) > 100 {
		line = line[:100] + "…"
	}
	return text + " (" + line + ")"
}

// printID writes an id for scripts to take.
func (a *app) printID(id string) { fmt.Fprintln(&a.out, id) }

// note tells the user something that is no error.
func (a *app) note(format string, args ...any) {
	fmt.Fprintln(a.stderr, "sandbox: "+oneLine(fmt.Sprintf(format, args...)))
}
