// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/sandbox-rls/sandbox"
)

// tools are what the model may use. Each works in the sandbox, under its rules, so
// there is nothing to check here: a tool that is refused says so.
type tools struct {
	sandbox *sandbox.Sandbox
	session *sandbox.Session
	timeout time.Duration
}

// use uses a tool. An error is an answer like another: the model may learn from it.
func (t *tools) use(ctx context.Context, c Call) string {
	answer, err := t.call(ctx, c)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "error: no such file"
	case errors.Is(err, sandbox.ErrPermissionDenied):
		return "error: not allowed"
	case err != nil:
		return "error: " + err.Error()
	}
	return answer
}

func (t *tools) call(ctx context.Context, c Call) (string, error) {
	switch c.Tool {
	case "list_files":
		files, err := t.sandbox.ListFiles(ctx, c.Path, true)
		var names []string
		for _, f := range files {
			names = append(names, fmt.Sprintf("%s (%s)", f.Path, f.Permission))
		}
		return strings.Join(names, "\n"), err
	case "read_file":
		data, err := t.sandbox.ReadFile(ctx, c.Path)
		return string(data), err
	case "write_file":
		return "written", t.sandbox.WriteFile(ctx, c.Path, []byte(c.Content))
	case "run":
		r, err := t.session.Exec(ctx, c.Command, sandbox.WithTimeout(t.timeout))
		if r == nil {
			return "", err
		}
		return fmt.Sprintf("exit code %d\n%s%s", r.ExitCode, r.Stdout, r.Stderr), err
	}
	return "", fmt.Errorf("there is no tool %q", c.Tool)
}

func indent(s string) string {
	return strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n    ")
}
