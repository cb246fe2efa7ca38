// SPDX-License-Identifier: MIT

package wire_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"connectrpc.com/connect"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/internal/wire"
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
)

// TestKindsAreComplete finds all errors that the library exports in its source:
// each has its own place in the table, or is one that a call cannot give.
func TestKindsAreComplete(t *testing.T) {
	elsewhere := map[string]string{
		"ErrPresetNotFound": "it is ErrInvalid", "ErrPresetExists": "the presets of a server are not registered by calls",
	}
	dir := filepath.Join("..", "..", "..")
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	source, err := os.ReadFile("errors.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			for _, id := range spec.Names {
				if !strings.HasPrefix(id.Name, "Err") || elsewhere[id.Name] != "" {
					continue
				}
				found++
				if !strings.Contains(string(source), "{sandbox."+id.Name+",") {
					t.Errorf("%s has no code", id.Name)
				}
			}
			return true
		})
	}
	if found < 15 {
		t.Errorf("only %d errors were found", found)
	}
}

// TestThere and back: what errors.Is says on one side it says on the other.
func TestThereAndBack(t *testing.T) {
	for _, k := range wire.Kinds {
		sent := &sandbox.Error{Op: "exec", ID: "sb_1", Path: "/a/b", Err: fmt.Errorf("some words: %w", k.Err)}
		e := wire.ToConnect(sent, &sandboxv1.ReadFileRequest{SandboxId: "sb_1", Path: "a/b"})
		if e.Code() != k.Code && wire.KindOf(k.Err).Err == k.Err {
			t.Errorf("%v: code %v", k.Err, e.Code())
		}
		got := wire.FromConnect(context.Background(), "other", "other", "", e)
		if !errors.Is(got, k.Err) {
			t.Errorf("%v has become %v", k.Err, got)
		}
		var at *sandbox.Error
		if !errors.As(got, &at) || at.Op != "exec" || at.ID != "sb_1" || at.Path != "/a/b" {
			t.Errorf("%v: %+v", k.Err, at)
		}
		if n := strings.Count(got.Error(), "exec"); n != 1 {
			t.Errorf("%v reads %q", k.Err, got)
		}
	}
	e := wire.ToConnect(errors.New("open /var/lib/x: no"), nil)
	if e.Code() != connect.CodeInternal || strings.Contains(e.Message(), "/var") {
		t.Errorf("an error of no kind: %v", e)
	}
}

// TestRedaction has errors that speak of paths.
func TestRedaction(t *testing.T) {
	req := &sandboxv1.ExecRequest{SandboxId: "sb_1", Command: "true", Workdir: "/usr/lib", Env: map[string]string{"A": "/home/x"}}
	for _, c := range []struct{ in, out string }{
		{"/var/lib/state/sb_1/upper: is full", "…: is full"},
		{`open "/var/lib/state/x y": no`, `open "… y": no`},
		{"the directory /usr/lib is not there", "the directory /usr/lib is not there"},
		{"/workspace/src/a: is odd", "/workspace/src/a: is odd"},
		{"/workspacex/secret", "…"},
		{"path=/etc/shadow,/root/x", "path=…,…"},
		{"A=/home/x (of /home/y)", "A=/home/x (of …)"},
		{"and/or 1/2", "and/or 1/2"},
		{"mount [/proc/self/fd/7]", "mount […]"},
	} {
		e := wire.ToConnect(fmt.Errorf("%w: %s", sandbox.ErrInvalid, c.in), req)
		if want := "call: invalid argument: " + c.out; e.Message() != want {
			t.Errorf("%q became %q, want %q", c.in, e.Message(), want)
		}
	}
	// What is not the caller's own is not said, whatever the error says.
	hidden := &sandbox.Error{Op: "read", ID: "sb_1", Path: "/var/lib/state/x", Err: &fs.PathError{Op: "open", Path: "/var/lib/state/x", Err: syscall.ENOENT}}
	e := wire.ToConnect(hidden, req)
	if strings.Contains(e.Message(), "/var") || e.Code() != connect.CodeNotFound {
		t.Errorf("%v", e)
	}
	for _, d := range e.Details() {
		v, err := d.Value()
		if err != nil || strings.Contains(fmt.Sprint(v), "/var") {
			t.Errorf("detail %v, %v", v, err)
		}
	}
}
