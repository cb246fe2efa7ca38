// SPDX-License-Identifier: MIT

package sandbox

import (
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/sandbox-rls/sandbox/internal/pty"
	"github.com/sandbox-rls/sandbox/runtime"
)

// DefaultTimeout is how long Run lets a command run unless it is told otherwise.
const DefaultTimeout = 60 * time.Second

// maxCommand is the longest command line: the kernel takes no argument of more
// than 128 KiB, its final NUL included (MAX_ARG_STRLEN, execve(2)).
const maxCommand = 128<<10 - 1

// ExecRequest is a command to run.
type ExecRequest struct {
	// Command is a command line for /bin/sh. Argv, if given, is run instead,
	// without a shell.
	Command string   `json:"command,omitempty"`
	Argv    []string `json:"argv,omitempty"`
	// Stdin is read until it ends, as the command takes it. Nil: empty.
	Stdin io.Reader `json:"-"`
	// Env adds to the sandbox's own environment: PATH, HOME, LANG, TERM, USER, and
	// what an image has set.
	Env map[string]string `json:"env,omitempty"`
	// Dir is the working directory: absolute, or beneath the workspace. Default
	// is the workspace.
	Dir string `json:"dir,omitempty"`
	// Timeout ends the command with all its processes. 0: none.
	Timeout time.Duration `json:"timeout,omitempty"`
	// TTY runs the command at a terminal of its own (pty(7)). All that it prints
	// is then stdout; what it reads is what is typed, and Stdin's end types the
	// end-of-file character.
	TTY bool `json:"tty,omitempty"`
	// Size is that of the terminal. Zero: 24 rows of 80 columns.
	Size TerminalSize `json:"size,omitzero"`
}

// TerminalSize is the size of a terminal, in characters.
type TerminalSize = pty.Size

// Validate reports what makes no sense in a request, as ErrInvalid.
func (r *ExecRequest) Validate() error {
	if (r.Command == "") == (len(r.Argv) == 0) {
		return invalidf("give either a command line or arguments")
	}
	if r.Timeout < 0 {
		return invalidf("the timeout is negative")
	}
	for _, a := range append([]string{r.Command, r.Dir}, r.Argv...) {
		if strings.ContainsRune(a, 0) {
			return invalidf("a NUL byte in the command or its directory")
		}
		if len(a) > maxCommand {
			return fmt.Errorf("%w: an argument of %d bytes: the kernel takes %d at most; write it to a file, or give it on stdin (%w)", ErrInvalid, len(a), maxCommand, syscall.E2BIG)
		}
	}
	for k, v := range r.Env {
		if k == "" || strings.ContainsAny(k, "=\x00") || strings.ContainsRune(v, 0) {
			return invalidf("environment variable %q", k)
		}
	}
	return nil
}

// environment is what a command sees: nothing of the caller's own. The root that it
// runs in may bring some of it, as an image does.
func environment(root []string, extra map[string]string, tty bool) []string {
	env := map[string]string{
		"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME": runtime.Home,
		"USER": runtime.UserName,
		"LANG": "C.UTF-8",
		"TERM": "dumb",
	}
	for _, kv := range root {
		if k, v, ok := strings.Cut(kv, "="); ok && k != "" {
			env[k] = v
		}
	}
	if tty {
		env["TERM"] = "xterm-256color"
	}
	maps.Copy(env, extra)
	list := make([]string, 0, len(env))
	for _, k := range slices.Sorted(maps.Keys(env)) {
		list = append(list, k+"="+env[k])
	}
	return list
}

func commandDir(dir string) string {
	if path.IsAbs(dir) {
		return dir
	}
	return path.Join(Workspace, dir)
}

// workspacePath turns what a caller may write into a path of the workspace:
// "a/b", "/a/b" and "/workspace/a/b" are the same.
func workspacePath(p string) string {
	p = path.Clean("/" + p)
	if rest, ok := strings.CutPrefix(p, Workspace); ok && (rest == "" || rest[0] == '/') {
		p = path.Clean("/" + rest)
	}
	return p
}
