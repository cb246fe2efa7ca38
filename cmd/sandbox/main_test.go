// SPDX-License-Identifier: MIT

//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sandbox-rls/sandbox"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sandbox": main})
}

// require skips a test where sandboxes cannot run, and fails it when
// SANDBOX_REQUIRE is set.
func require(t *testing.T) {
	t.Helper()
	err := sandbox.Probe().Err()
	switch {
	case err == nil:
	case os.Getenv("SANDBOX_REQUIRE") != "":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
}

// TestScripts runs testdata/script/*.txtar, each in a directory of its own that
// has a sample project in "project", and a state directory.
func TestScripts(t *testing.T) {
	require(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("SANDBOX_STATE_DIR", filepath.Join(env.WorkDir, "state"))
			return sample(filepath.Join(env.WorkDir, "project"))
		},
		Condition: func(name string) (bool, error) {
			if name != "root" {
				return false, fmt.Errorf("unknown condition %q", name)
			}
			return os.Geteuid() == 0, nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"code": code,
		},
	})
}

// code runs a program, as exec does, and checks its exit code: code N PROGRAM
// [ARG]...
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N PROGRAM [ARG]...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// sample makes a small project with secrets.
func sample(dir string) error {
	for name, content := range map[string]string{
		"README.md":     "# Sample\n",
		"src/main.py":   "print('hello')\n",
		".env":          "TOKEN=secret\n",
		"deploy.key":    "secret\n",
		"secrets/token": "secret\n",
		".git/config":   "[core]\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}
