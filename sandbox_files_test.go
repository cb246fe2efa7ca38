// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox"
)

// levels are rules that give each level a directory.
var levels = sandbox.WithRules(
	sandbox.Rule{Pattern: "/**", Permission: sandbox.Read},
	sandbox.Rule{Pattern: "/none/**", Permission: sandbox.None},
	sandbox.Rule{Pattern: "/view/**", Permission: sandbox.View},
	sandbox.Rule{Pattern: "/write/**", Permission: sandbox.Write},
	sandbox.Rule{Pattern: "/one", Permission: sandbox.Write, Type: sandbox.File},
)

func leveled(t testing.TB) string {
	return project(t, map[string]string{
		"none/file": "hidden\n", "view/file": "listed\n", "read/file": "read\n", "write/file": "written\n", "one": "alone\n",
		"write/inside": "-> file", "write/across": "-> ../read/file", "write/hidden": "-> ../none/file",
		"write/out": "-> ../../etc/passwd", "write/absolute": "-> /etc/passwd", "write/home": "-> /workspace/write/file",
		"write/loop": "-> loop", "write/dir": "-> ../read", "write/dangling": "-> made",
	})
}

func TestReadFile(t *testing.T) {
	t.Parallel()
	sb := start(t, leveled(t), levels)
	must(t, sb, "ln -s /etc/passwd write/new; ln -s /proc/self/environ write/proc; ln -s ../../../../../etc/passwd write/far; ln -s /workspace/../etc/passwd write/up; mkfifo write/fifo")
	for name, want := range map[string]string{
		"read/file": "read\n", "/read/file": "read\n", "/workspace/read/file": "read\n", "read/../read/./file": "read\n",
		"write/file": "written\n", "write/inside": "written\n", "write/across": "read\n", "write/home": "written\n",
		"write/dir/file": "read\n", "../read/file": "read\n",
	} {
		if got, err := sb.ReadFile(t.Context(), name); err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	for name, want := range map[string]error{
		"none/file": fs.ErrNotExist, "none": fs.ErrNotExist, "missing": fs.ErrNotExist, "write/hidden": fs.ErrNotExist,
		"write/dangling": fs.ErrNotExist,
		"view/file":      sandbox.ErrPermissionDenied,
		"write/out":      sandbox.ErrPermissionDenied, "write/absolute": sandbox.ErrPermissionDenied,
		"write/new": sandbox.ErrPermissionDenied, "write/proc": sandbox.ErrPermissionDenied,
		"write/far": sandbox.ErrPermissionDenied, "write/up": sandbox.ErrPermissionDenied,
		"write/loop": syscall.ELOOP, "read/file/x": syscall.ENOTDIR,
		"read": sandbox.ErrInvalid, "": sandbox.ErrInvalid, "write/fifo": sandbox.ErrInvalid,
		"a\x00b": sandbox.ErrInvalid,
	} {
		data, err := sb.ReadFile(t.Context(), name)
		if err == nil {
			t.Errorf("%s: got %q, want error %v", name, data, want)
		}
		wantError(t, err, want)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := sb.ReadFile(over, "read/file")
	wantError(t, err, context.Canceled)
}

// TestReadFileThatIsLarge reads files that take no room on disk: they may not take
// any in memory either.
func TestReadFileThatIsLarge(t *testing.T) {
	t.Parallel()
	m, _ := manager(t)
	sb, err := m.FromLocal(t.Context(), project(t, sample), sandbox.WithPreset("full-access"))
	check(t, err)
	t.Cleanup(func() { check(t, sb.Close()) })
	must(t, sb, fmt.Sprintf("truncate -s %d large; truncate -s 1T huge", sandbox.MaxReadFile+1))
	for _, name := range []string{"large", "huge"} {
		data, err := sb.ReadFile(t.Context(), name)
		if len(data) > 0 {
			t.Fatalf("%s: %d bytes", name, len(data))
		}
		wantError(t, err, syscall.EFBIG)
	}
	f, err := m.OpenFile(t.Context(), sb.ID(), "huge")
	check(t, err)
	defer f.Close()
	if _, err := io.ReadFull(f, make([]byte, 1<<20)); err != nil {
		t.Error(err)
	}
}

func TestWriteFile(t *testing.T) {
	t.Parallel()
	dir := leveled(t)
	sb := start(t, dir, levels)
	must(t, sb, "chmod 755 write/file; ln -s /etc/passwd write/new; mkdir write/d; ln -s d write/l")
	for _, name := range []string{"write/file", "write/a/b/c", "write/l/new/file", "/workspace/write/made", "one", "write/inside", "write/dangling"} {
		check(t, sb.WriteFile(t.Context(), name, []byte("new "+name)))
		if got, err := sb.ReadFile(t.Context(), name); err != nil || string(got) != "new "+name {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	if got := must(t, sb, "stat -c '%a %U' write/file write/a write/a/b/c"); got != "755 agent\n755 agent\n644 agent" {
		t.Errorf("modes and owners: %q", got)
	}
	if got := must(t, sb, "readlink write/inside; ls -A write | grep -c tmp || :"); got != "file\n0" {
		t.Errorf("got %q", got)
	}
	for name, want := range map[string]error{
		"read/file": sandbox.ErrPermissionDenied, "read/new": sandbox.ErrPermissionDenied, "new": sandbox.ErrPermissionDenied,
		"view/file": sandbox.ErrPermissionDenied, "view/new": sandbox.ErrPermissionDenied,
		"read/a/b": sandbox.ErrPermissionDenied, "write/across": sandbox.ErrPermissionDenied, "write/dir/new": sandbox.ErrPermissionDenied,
		"write/new": sandbox.ErrPermissionDenied, "write/out": sandbox.ErrPermissionDenied, "write/absolute": sandbox.ErrPermissionDenied,
		"write/loop": syscall.ELOOP, "write": syscall.EISDIR, "write/file/x": syscall.ENOTDIR,
		"a\x00b": sandbox.ErrInvalid, "": nil,
		"write/" + strings.Repeat("x", 256): syscall.ENAMETOOLONG,
	} {
		err := sb.WriteFile(t.Context(), name, []byte("x"))
		if err == nil {
			t.Errorf("%s was written", name)
		} else if want != nil {
			wantError(t, err, want)
		}
	}
	for _, name := range []string{"none/file", "none/new"} {
		if err := sb.WriteFile(t.Context(), name, nil); !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if got, _ := os.ReadFile(filepath.Join(dir, "write/file")); string(got) != "written\n" {
		t.Errorf("the source was changed to %q", got)
	}
	t.Run("concurrent", func(t *testing.T) {
		var wg sync.WaitGroup
		texts := []string{strings.Repeat("a", 100_000), strings.Repeat("b", 200_000)}
		for i := range 20 {
			wg.Go(func() {
				if err := sb.WriteFile(t.Context(), "write/contended", []byte(texts[i%2])); err != nil {
					t.Error(err)
				}
			})
			wg.Go(func() {
				got, err := sb.ReadFile(t.Context(), "write/contended")
				if !errors.Is(err, fs.ErrNotExist) && (err != nil || !slices.Contains(texts, string(got))) {
					t.Errorf("half a file: %d bytes, %v", len(got), err)
				}
			})
		}
		wg.Wait()
	})
}

func TestListFiles(t *testing.T) {
	t.Parallel()
	dir := leveled(t)
	when := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	check(t, os.Chtimes(filepath.Join(dir, "view/file"), when, when))
	sb := start(t, dir, levels)
	names := func(path string, recursive bool) []string {
		t.Helper()
		files, err := sb.ListFiles(t.Context(), path, recursive)
		check(t, err)
		var list []string
		for _, f := range files {
			list = append(list, f.Path)
		}
		return list
	}
	if got, want := names("/", false), []string{"/one", "/read", "/view", "/write"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	all := names("", true)
	if !slices.Contains(all, "/read/file") || !slices.Contains(all, "/write/across") || slices.Contains(all, "/none") || !slices.IsSorted(all) {
		t.Errorf("got %q", all)
	}
	files, err := sb.ListFiles(t.Context(), "/workspace/view", false)
	check(t, err)
	if len(files) != 1 {
		t.Fatalf("got %+v", files)
	}
	if f := files[0]; f.Name != "file" || f.Size != 7 || f.IsDir || !f.ModTime.Equal(when) || f.Permission != sandbox.View {
		t.Errorf("got %+v", f)
	}
	must(t, sb, "mkdir -p write/deep/er; echo x > write/deep/er/file")
	if got := names("write/deep", true); !slices.Equal(got, []string{"/write/deep/er", "/write/deep/er/file"}) {
		t.Errorf("got %q", got)
	}
	for name, want := range map[string]error{
		"none": fs.ErrNotExist, "missing": fs.ErrNotExist, "read/file": syscall.ENOTDIR, "write/out": sandbox.ErrPermissionDenied,
		"a\x00": sandbox.ErrInvalid,
	} {
		files, err := sb.ListFiles(t.Context(), name, true)
		if err == nil {
			t.Errorf("%s: got %+v", name, files)
		}
		wantError(t, err, want)
	}
}

// TestDeniedWrites tries to change each path that must not change, in ways
// that fail half way, and compares all that there is.
func TestDeniedWrites(t *testing.T) {
	t.Parallel()
	dir := leveled(t)
	before := state(t, dir)
	sb := start(t, dir, levels)
	inside := must(t, sb, "ls -lAR --time-style=full-iso")
	for _, c := range []string{
		"echo x > read/file", "echo x >> read/file", "echo x > read/new", "rm read/file", "rm -rf read", "mv read/file write/",
		"mv write/file read/file", "mv read elsewhere", "mkdir read/dir", "rmdir read", "ln write/file read/link", "ln read/file write/link",
		"ln -s x read/link", "chmod 777 read/file", "chmod 777 read", "touch read/file", "touch -t 202001010000 read/file", "truncate -s 0 read/file",
		"cp write/file read/", "dd if=/dev/zero of=read/file bs=1 count=1 conv=notrunc", "sed -i s/read/x/ read/file",
		"echo x > view/file", "rm view/file", "mv view/file write/", "chmod 644 view/file",
		"mkdir none", "mkdir none/dir", "ln -s x none/link", "rm -rf none/file && false", "mkfifo read/fifo",
		"echo x > new", "python3 -c 'open(\"read/file\",\"r+\")'", "rm -rf read view", "mv one two",
	} {
		mustNot(t, sb, c)
	}
	if got := must(t, sb, "ls -lAR --time-style=full-iso"); got != inside {
		t.Errorf("the workspace was\n%s\nand is\n%s", inside, got)
	}
	wantChanges(t, sb)
	if now := state(t, dir); !slices.Equal(now, before) {
		t.Errorf("the source was %q and is %q", before, now)
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	sb := start(t, project(t, sample), sandbox.WithAutoStart(false))
	got := map[string]sandbox.Permission{}
	for _, p := range []string{"/.env", "README.md", "/workspace/src/main.py", "/output/x", "output", "/a/b/secrets/c", "/", "../etc"} {
		got[p] = sb.Explain(p).Permission
	}
	want := map[string]sandbox.Permission{
		"/.env": sandbox.None, "README.md": sandbox.Read, "/workspace/src/main.py": sandbox.Read, "/output/x": sandbox.Write,
		"output": sandbox.Write, "/a/b/secrets/c": sandbox.None, "/": sandbox.Read, "../etc": sandbox.Read,
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	d := sb.Explain("/output/x.key")
	if d.Rule == nil || d.Rule.Pattern != "**/*.key" || len(d.Beaten) == 0 {
		t.Errorf("got %+v", d)
	}
}
