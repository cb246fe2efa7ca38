// SPDX-License-Identifier: MIT

package fsguard_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/engine"
	"github.com/sandbox-rls/sandbox/runtime/native"
)

// placeBox is a sandbox in which little can be written.
func placeBox(t *testing.T, rules ...fsguard.Rule) (*engine.Box, *engine.Workspace) {
	t.Helper()
	rt := native.New()
	t.Cleanup(func() { _ = rt.Close() })
	dir := t.TempDir()
	for name, content := range map[string]string{"read": "old read\n", "write": "old write\n", "dir/file": "in dir\n", "shut/file": "shut\n"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("dir", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "shut"), 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, "shut"), 0o755) })
	if rules == nil {
		rules = []fsguard.Rule{
			{Pattern: "/**", Permission: fsguard.Read},
			{Pattern: "/write", Type: fsguard.File, Permission: fsguard.Write},
			{Pattern: "/hidden", Type: fsguard.File, Permission: fsguard.None},
		}
	}
	return newBox(t, rt, dir, rules...)
}

func text(s string) fsguard.Placement {
	return fsguard.Placement{Content: strings.NewReader(s), Size: int64(len(s)), Mode: 0o644}
}

// shell runs a command and returns what it says.
func shell(t *testing.T, box *engine.Box, command string) string {
	t.Helper()
	_, stdout, p := start(t, box, command)
	out, err := io.ReadAll(stdout)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestPlace(t *testing.T) {
	box, w := placeBox(t)
	when := time.Unix(1_000_000_000, 123)
	program := text("#!/bin/sh\necho runs\n")
	program.Mode, program.ModTime = 0o755, when
	for _, test := range []struct {
		path  string
		what  fsguard.Placement
		check string
		want  string
	}{
		{"/read", text("new read\n"), "cat read", "new read\n"},
		{"/write", text("new write\n"), "cat write; echo more >> write; cat write", "new write\nnew write\nmore\n"},
		{"/a/b/c", text("deep\n"), "cat a/b/c; stat -c %a a/b", "deep\n755\n"},
		{"/shut/file", text("open\n"), "cat shut/file; stat -c %a shut", "open\n555\n"},
		{"/shut/a/b", text("open\n"), "cat shut/a/b; stat -c %a shut shut/a", "open\n555\n755\n"},
		{"/dir/program", program, "dir/program; stat -c '%a %Y' dir/program", "runs\n755 1000000000\n"},
		{"/view", fsguard.Placement{Placeholder: true, Size: 7, Mode: 0o644, ModTime: when}, "stat -c '%a %s %Y %b' view; cat view 2>&1", "0 7 1000000000 0\ncat: view: Permission denied\n"},
		{"/to", fsguard.Placement{Symlink: "dir/file", ModTime: when}, "cat to; stat -c %Y to", "in dir\n1000000000\n"},
		{"/to", text("a file\n"), "cat to dir/file", "a file\nin dir\n"},
		{"/empty", fsguard.Placement{Mode: 0o600}, "stat -c '%a %s %U' empty", "600 0 agent\n"},
		{"/to", fsguard.Placement{Gone: true}, "ls", "a\ndir\nempty\nlink\nread\nshut\nview\nwrite\n"},
		{"/a", fsguard.Placement{Gone: true}, "ls", "dir\nempty\nlink\nread\nshut\nview\nwrite\n"},
		{"/shut", fsguard.Placement{Gone: true}, "ls", "dir\nempty\nlink\nread\nview\nwrite\n"},
		{"/dir/none", fsguard.Placement{Gone: true}, "ls dir", "file\nprogram\n"},
		{"/none/none", fsguard.Placement{Gone: true}, "ls -d none 2>/dev/null", ""},
		{"/read/none", fsguard.Placement{Gone: true}, "cat read", "new read\n"},
		{"/bad\xff\n", text("odd\n"), "cat bad*; rm -f bad* 2>/dev/null", "odd\n"},
	} {
		if err := box.Files.Place(test.path, test.what); err != nil {
			t.Errorf("%s: %v", test.path, err)
			continue
		}
		if got := shell(t, box, test.check); got != test.want {
			t.Errorf("%s: %s:\n%s\nwant:\n%s", test.path, test.check, got, test.want)
		}
	}
	noTemporary(t, w.Upper())
}

func TestPlaceErrors(t *testing.T) {
	box, w := placeBox(t)
	long := text("long")
	long.Size = 1000
	for _, test := range []struct {
		path string
		what fsguard.Placement
		want error
	}{
		{"/link/file", text("x"), unix.ELOOP},
		{"/link/a/file", text("x"), unix.ELOOP},
		{"/link/file", fsguard.Placement{Gone: true}, unix.ELOOP},
		{"/dir", text("x"), unix.EISDIR},
		{"/dir", fsguard.Placement{Symlink: "x"}, unix.EISDIR},
		{"/read/file", text("x"), unix.ENOTDIR},
		{"/", fsguard.Placement{Gone: true}, unix.EINVAL},
		{"/../x", text("x"), unix.EINVAL},
		{"/dir/./x", text("x"), unix.EINVAL},
		{"/dir//x", text("x"), unix.EINVAL},
		{"/n", fsguard.Placement{Size: -1}, unix.EINVAL},
		{"/" + strings.Repeat("n", 256), text("x"), unix.ENAMETOOLONG},
		{"/n", long, io.ErrUnexpectedEOF},
	} {
		if err := box.Files.Place(test.path, test.what); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.path, err, test.want)
		}
	}
	if got := shell(t, box, "cat dir/file; ls -A"); got != "in dir\ndir\nlink\nread\nshut\nwrite\n" {
		t.Errorf("afterwards:\n%s", got)
	}
	noTemporary(t, w.Upper())
	box.Close()
	if err := box.Files.Place("/read", text("x")); !errors.Is(err, fsguard.ErrGuardClosed) {
		t.Errorf("of a closed sandbox: %v", err)
	}
}

// TestPlaceInAClosedRoot is about a workspace that a command has closed: there
// no file without a name can be made.
func TestPlaceInAClosedRoot(t *testing.T) {
	box, w := placeBox(t, fsguard.Rule{Pattern: "/**", Permission: fsguard.Write})
	if got := shell(t, box, "chmod 0 dir; chmod 555 ."); got != "" {
		t.Fatal(got)
	}
	for path, what := range map[string]fsguard.Placement{
		"/read": text("new\n"), "/dir/sub/file": text("new\n"), "/write": {Gone: true}, "/to": {Symlink: "read"},
	} {
		if err := box.Files.Place(path, what); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	long := text("long")
	long.Size = 1000
	if err := box.Files.Place("/n", long); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("too short a content: %v", err)
	}
	if got := shell(t, box, "stat -c %a . dir; chmod 755 dir; ls -A; cat read dir/sub/file"); got != "555\n0\ndir\nlink\nread\nshut\nto\nnew\nnew\n" {
		t.Errorf("afterwards:\n%s", got)
	}
	noTemporary(t, w.Upper())
}

func TestPlaceOnAFullDisk(t *testing.T) {
	rt := native.New()
	t.Cleanup(func() { _ = rt.Close() })
	box, w := newLimitedBox(t, rt, t.TempDir(), engine.DiskLimit{Bytes: 16 << 20}, fsguard.Rule{Pattern: "/**", Permission: fsguard.Write})
	if err := box.Files.Place("/file", text("old\n")); err != nil {
		t.Fatal(err)
	}
	for _, closed := range []string{"chmod 755 .", "chmod 555 ."} { // with and without a name
		shell(t, box, closed)
		huge := fsguard.Placement{Content: strings.NewReader(strings.Repeat("x", 32<<20)), Size: 32 << 20, Mode: 0o644}
		if err := box.Files.Place("/file", huge); !errors.Is(err, unix.ENOSPC) {
			t.Errorf("%s: %v", closed, err)
		}
		if got := shell(t, box, "ls -A; cat file"); got != "file\nold\n" {
			t.Errorf("%s: afterwards:\n%s", closed, got)
		}
		if err := box.Files.Place("/file", text("old\n")); err != nil {
			t.Errorf("%s: when there is room again: %v", closed, err)
		}
	}
	noTemporary(t, w.Upper())
}

func noTemporary(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if strings.HasPrefix(filepath.Base(path), ".sandbox-") {
			t.Errorf("left: %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func awaitReady(t *testing.T, stdout io.Reader) {
	t.Helper()
	ready := make([]byte, len("ready\n"))
	if _, err := io.ReadFull(stdout, ready); err != nil || string(ready) != "ready\n" {
		t.Fatalf("%q, %v", ready, err)
	}
}

// TestPlaceWhileOpen replaces a file that a command has open, many times, while
// another reads it: it must be whole at each moment.
func TestPlaceWhileOpen(t *testing.T) {
	box, _ := placeBox(t)
	stdin, stdout, p := start(t, box, `
		exec 3< read; echo ready
		while [ ! -e stop ]; do [ "$(wc -c < read)" -ge 9 ] || echo torn; done
		cat <&3; cat read | wc -c`)
	defer stdin.Close()
	awaitReady(t, stdout)
	for range 200 {
		if err := box.Files.Place("/read", text(strings.Repeat("x", 100_000))); err != nil {
			t.Fatal(err)
		}
	}
	if err := box.Files.Place("/stop", text("")); err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(stdout)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if string(out) != "old read\n100000\n" {
		t.Errorf("got %q", out)
	}
}

// TestPlaceRaces places files beneath a directory that a command keeps
// exchanging with links to others, and one that can only be read, while another
// command lies in wait for the names that these have before.
func TestPlaceRaces(t *testing.T) {
	box, w := placeBox(t,
		fsguard.Rule{Pattern: "/**", Permission: fsguard.Write},
		fsguard.Rule{Pattern: "/read", Permission: fsguard.Read, Priority: 1},
		fsguard.Rule{Pattern: "/target/**", Permission: fsguard.Read, Priority: 2})
	outside := t.TempDir()
	if err := box.Files.Place("/target/keep", text("keep\n")); err != nil {
		t.Fatal(err)
	}
	_, stdout, p := start(t, box, `
		mkdir d; echo ready
		( while [ ! -e target/stop ]; do
			mv -T d d2; ln -sT target d && sleep 0.005; rm -f d; mv -T d2 d
			rm -rf d d2; ln -sT `+outside+` d && sleep 0.005; rm -f d; mkdir d
		done ) 2>/dev/null &
		( while [ ! -e target/stop ]; do for f in d/.sandbox-* .sandbox-*; do ln "$f" mine; echo bad | dd of="$f" conv=nocreat,notrunc oflag=append; done; done ) 2>/dev/null &
		wait; echo end`)
	awaitReady(t, stdout)
	var placed, refused atomic.Int64
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			begin := time.Now()
			for time.Since(begin) < 3*time.Second || refused.Load() == 0 && time.Since(begin) < time.Minute {
				time.Sleep(rand.N(5 * time.Millisecond)) // so that a link is ever there
				path, what := "/d/file", text("placed\n")
				switch i {
				case 1:
					path = "/d/sub/file"
				case 2:
					path = "/read"
				case 3:
					what = fsguard.Placement{Gone: true}
				}
				if box.Files.Place(path, what) == nil {
					placed.Add(1)
				} else {
					refused.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if err := box.Files.Place("/target/stop", text("")); err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(stdout)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !bytes.HasSuffix(out, []byte("end\n")) || placed.Load() == 0 || refused.Load() == 0 {
		t.Errorf("%q; %d placed, %d refused: the race was none", out, placed.Load(), refused.Load())
	}
	if names, err := os.ReadDir(outside); err != nil || len(names) > 0 {
		t.Errorf("outside: %v, %v", names, err)
	}
	if got := shell(t, box, "ls target; ls -d mine; find read -links +1; grep -r bad ."); got != "keep\nstop\nls: cannot access 'mine': No such file or directory\n" {
		t.Errorf("in the workspace:\n%s", got)
	}
	noTemporary(t, w.Upper())
}
