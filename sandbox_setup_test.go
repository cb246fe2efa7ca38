// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox"
)

// patience is how long something that must come is awaited.
const patience = 2 * time.Minute

// project makes a directory with these files. A name that ends in a slash is a
// directory; content that begins with "-> " is a symlink.
func project(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "project")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	fill(t, dir, files)
	return dir
}

func fill(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(dir, name)
		if strings.HasSuffix(name, "/") {
			check(t, os.MkdirAll(path, 0o755))
			continue
		}
		check(t, os.MkdirAll(filepath.Dir(path), 0o755))
		if to, ok := strings.CutPrefix(files[name], "-> "); ok {
			check(t, os.Symlink(to, path))
			continue
		}
		check(t, os.WriteFile(path, []byte(files[name]), 0o644))
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sample is a small project with secrets.
var sample = map[string]string{
	"README.md":       "# Sample\n",
	"src/main.py":     "print('hello')\n",
	"src/lib/util.py": "x = 1\n",
	".env":            "TOKEN=secret\n",
	"deploy.key":      "secret\n",
	"secrets/token":   "secret\n",
	".git/config":     "[core]\n",
	"link":            "-> src/main.py",
}

// everything makes all of the workspace writable.
var everything = sandbox.WithPreset("full-access")

// start makes a sandbox that is destroyed with the test.
func start(t testing.TB, dir string, opts ...sandbox.Option) *sandbox.Sandbox {
	t.Helper()
	sb, err := sandbox.FromLocal(t.Context(), dir, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sb.Close(); err != nil {
			t.Error(err)
		}
	})
	return sb
}

// sh runs a command line that need not succeed.
func sh(t testing.TB, sb *sandbox.Sandbox, command string, opts ...sandbox.RunOption) *sandbox.ExecResult {
	t.Helper()
	r, err := sb.Run(t.Context(), command, opts...)
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return r
}

// must runs a command line that must succeed, and returns what it printed.
func must(t testing.TB, sb *sandbox.Sandbox, command string, opts ...sandbox.RunOption) string {
	t.Helper()
	r := sh(t, sb, command, opts...)
	if r.ExitCode != 0 {
		t.Fatalf("%s: exit code %d: %s%s", command, r.ExitCode, r.Stdout, r.Stderr)
	}
	return strings.TrimSpace(r.Stdout)
}

// mustNot runs a command line that must fail.
func mustNot(t testing.TB, sb *sandbox.Sandbox, command string, opts ...sandbox.RunOption) *sandbox.ExecResult {
	t.Helper()
	r := sh(t, sb, command, opts...)
	if r.ExitCode == 0 {
		t.Errorf("%s: succeeded, printed %q", command, r.Stdout)
	}
	return r
}

// wantError checks that an error matches each of others.
func wantError(t testing.TB, err error, targets ...error) {
	t.Helper()
	for _, target := range targets {
		if !errors.Is(err, target) {
			t.Errorf("got error %v, want one that is %v", err, target)
		}
	}
	var e *sandbox.Error
	if err != nil && !errors.As(err, &e) {
		t.Errorf("error %v is not a *sandbox.Error", err)
	}
}

// wantChanges compares what Changes lists, as "added /path".
func wantChanges(t testing.TB, sb *sandbox.Sandbox, want ...string) {
	t.Helper()
	changes, err := sb.Changes(t.Context())
	check(t, err)
	got := []string{}
	for _, c := range changes {
		got = append(got, string(c.Kind)+" "+c.Path)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("changes: got %q, want %q", got, want)
	}
}

// state lists a tree with all that can be told of it but the times of access.
func state(t testing.TB, dir string) []string {
	t.Helper()
	var list []string
	check(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		st := fi.Sys().(*syscall.Stat_t)
		line := path + " " + fi.Mode().String() + " " + fi.ModTime().Format(time.RFC3339Nano) + " " +
			time.Unix(st.Ctim.Unix()).Format(time.RFC3339Nano)
		if fi.Mode().IsRegular() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			line += " " + string(data)
		}
		list = append(list, line)
		return nil
	}))
	return list
}

// eventually waits until something holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// untilBegun calls something that has a limit of time, which is to be reached when a
// command has done what it does at first. When it says that the command had not come so
// far, on a busy machine, it is called again with twice the time.
func untilBegun(t testing.TB, limit time.Duration, call func(limit time.Duration) (begun bool)) {
	t.Helper()
	for ; !call(limit); limit *= 2 {
		if limit > patience {
			t.Fatal("it never begins")
		}
	}
}

// begun is what a command line has after what is to be seen of it in any case, and
// hasBegun whether it has come so far since the last time.
const begun = ": > /tmp/begun; "

func hasBegun(t testing.TB, sb *sandbox.Sandbox) bool {
	t.Helper()
	return must(t, sb, "test -e /tmp/begun && rm /tmp/begun && echo yes || echo no") == "yes"
}

// marked lists the processes of the machine whose command line holds a word.
func marked(word string) []string {
	names, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	var found []string
	for _, name := range names {
		line, err := os.ReadFile(name)
		if err == nil && bytes.Contains(line, []byte(word)) {
			found = append(found, filepath.Base(filepath.Dir(name)))
		}
	}
	return found
}

// inNamespace tells a test to go on in a user and mount namespace where it may
// mount. It runs the test anew there, and is false in the one that only waits.
func inNamespace(t *testing.T) bool {
	t.Helper()
	return anew(t, &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	})
}

// inMountNamespace does that for root, who is root of the host there: what others mount
// is not seen, and they do not see what the test mounts.
func inMountNamespace(t *testing.T) bool {
	t.Helper()
	return anew(t, &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS})
}

func anew(t *testing.T, attr *syscall.SysProcAttr) bool {
	t.Helper()
	const variable = "SANDBOX_TEST_NAMESPACE"
	if os.Getenv(variable) == t.Name() {
		return true
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), variable+"="+t.Name())
	cmd.SysProcAttr = attr
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: "+t.Name())) {
		t.Errorf("in a namespace: %v\n%s", err, out)
	}
	return false
}
