// SPDX-License-Identifier: MIT

package initproc

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/control"
)

func TestGetenv(t *testing.T) {
	env := []string{"A=1", "PATH=/x", "PATHS=/y", "B", "=odd", "PATH=/a=b:/c", "EMPTY="}
	for key, want := range map[string]string{"A": "1", "PATH": "/a=b:/c", "PATHS": "/y", "B": "", "EMPTY": "", "NONE": ""} {
		if got := getenv(env, key); got != want {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
	}
}

func TestLookPath(t *testing.T) {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"a/tool": 0o755, "b/tool": 0o755, "b/other": 0o755, "a/plain": 0o644, "b/late": 0o755, "a/late": 0o644, "work/here": 0o755, "work/sub/there": 0o755} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "a/dir"), 0o755); err != nil {
		t.Fatal(err)
	}
	a, b, work := filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "work")
	for _, c := range []struct {
		name, path, want string
		err              error
	}{
		{"tool", a + ":" + b, a + "/tool", nil},
		{"tool", b + ":" + a, b + "/tool", nil},
		{"other", a + ":" + b, b + "/other", nil},
		{"late", a + ":" + b, b + "/late", nil}, // the first may not be executed
		{"plain", a + ":" + b, "", unix.EACCES},
		{"dir", a, "", unix.ENOENT},
		{"none", a + ":" + b, "", unix.ENOENT},
		{"tool", "/no/such/directory", "", unix.ENOENT},
		{"here", "", work + "//here", nil}, // an empty part is the working directory
		{"here", a + "::" + b, work + "//here", nil},
		{"there", "sub", work + "/sub/there", nil},
		{"a/b", a, "a/b", nil}, // a name with a slash is a path
		{"/no/such/program", a, "/no/such/program", nil},
	} {
		got, err := lookPath(c.name, []string{"PATH=" + c.path}, work)
		if got != c.want || err != c.err {
			t.Errorf("%s in %q: got %q, %v; want %q, %v", c.name, c.path, got, err, c.want, c.err)
		}
	}
}

// TestSpawnRefuses asks for what cannot be started. What can be is for the
// tests of runtimes.
func TestSpawnRefuses(t *testing.T) {
	none := []int{0, 1, 2}
	exec := func(argv0, dir string) *control.Exec { return &control.Exec{Argv: []string{argv0}, Dir: dir} }
	for _, c := range []struct {
		name  string
		m     *control.Exec
		files []int
		step  string
		errno syscall.Errno
	}{
		{"no arguments", &control.Exec{Dir: "/"}, none, "exec", unix.EINVAL},
		{"too few files", exec("/bin/true", "/"), none[:2], "exec", unix.EINVAL},
		{"no such directory", exec("/bin/true", "/no/such/directory"), none, "chdir", unix.ENOENT},
		{"a file for a directory", exec("/bin/true", "/proc/self/stat"), none, "chdir", unix.ENOTDIR},
		{"no such program", exec("true", "/"), none, "exec", unix.ENOENT},
		{"a NUL in the arguments", &control.Exec{Argv: []string{"/bin/true", "a\x00b"}, Dir: "/"}, none, "exec", unix.EINVAL},
	} {
		if pid, step, errno := spawn(c.m, c.files, &score{}); pid != 0 || step != c.step || errno != c.errno {
			t.Errorf("%s: got process %d, %s: %v; want %s: %v", c.name, pid, step, errno, c.step, c.errno)
		}
	}
}
