// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/sandbox-rls/sandbox"
)

// host runs the commands that the sandboxes run outside of them: bare, and in
// a plain bwrap, with the environment that they have inside.
type host struct {
	ctx   context.Context
	bwrap string // "" where it is not installed
	env   []string
}

func newHost(ctx context.Context, home string) (*host, error) {
	if err := os.Mkdir(home, 0o755); err != nil {
		return nil, err
	}
	bwrap, _ := exec.LookPath("bwrap")
	return &host{ctx: ctx, bwrap: bwrap, env: []string{
		"HOME=" + home, "LANG=C.UTF-8", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=dumb", "USER=agent",
	}}, nil
}

// bare runs a command line in dir with nothing around it.
func (h *host) bare(dir, command string) func() (time.Duration, error) {
	return timed(func() error {
		_, err := h.run(dir, "/bin/sh", "-c", command)
		return err
	})
}

// wrapped runs a command line in a new bwrap whose workspace is dir.
func (h *host) wrapped(dir, command string) func() (time.Duration, error) {
	argv := wrap(dir, command)
	argv[0] = h.bwrap
	return timed(func() error {
		_, err := h.run("/", argv...)
		return err
	})
}

// run runs a program and returns what it prints, as Run of a sandbox does.
func (h *host) run(dir string, argv ...string) (string, error) {
	cmd := exec.CommandContext(h.ctx, argv[0], argv[1:]...)
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, h.env, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("outside: %s: %w: %s", strings.Join(argv, " "), err, stderr.String())
	}
	return stdout.String(), nil
}

// inside runs a command line in a sandbox.
func inside(ctx context.Context, sb *sandbox.Sandbox, command string) func() (time.Duration, error) {
	return timed(func() error {
		_, err := output(ctx, sb, command)
		return err
	})
}

// output runs a command line in a sandbox and returns what it prints.
func output(ctx context.Context, sb *sandbox.Sandbox, command string) (string, error) {
	r, err := sb.Run(ctx, command, sandbox.WithTimeout(10*time.Minute))
	if err != nil {
		return "", err
	}
	if r.ExitCode != 0 {
		return "", fmt.Errorf("inside: %s: exit code %d: %s", command, r.ExitCode, r.Stderr)
	}
	return r.Stdout, nil
}
