// SPDX-License-Identifier: MIT

package delta_test

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// openBase opens a base over a directory with a few files.
func openBase(t *testing.T) (b *delta.Base, dir, lower string) {
	t.Helper()
	base := t.TempDir()
	lower = dirs(t, base, "lower")[0]
	put(t, lower+"/dir/file", "old")
	put(t, lower+"/dir/sub/file", "old")
	put(t, lower+"/file", "old")
	must(t, os.Chmod(lower+"/dir", 0o711))
	must(t, os.Chmod(lower, 0o750))
	must(t, unix.Setxattr(lower+"/dir", "user.mine", []byte("x"), 0))
	dir = base + "/open"
	b, err := delta.OpenBase(delta.Layers{Open: dir, Lower: []string{lower}}, tree.Caller)
	must(t, err)
	t.Cleanup(func() { must(t, b.Close()) })
	return b, dir, lower
}

func fileOf(t *testing.T, content string) *os.File {
	t.Helper()
	name := t.TempDir() + "/content"
	put(t, name, content)
	f, err := os.Open(name)
	must(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

func TestPut(t *testing.T) {
	type step struct {
		path string
		spec delta.PutSpec
	}
	text := func(s string) delta.PutSpec {
		return delta.PutSpec{File: fileOf(t, s), Mode: 0o640, ModTime: 1e18}
	}
	gone, dir := delta.PutSpec{Gone: true}, delta.PutSpec{Mode: fs.ModeDir | 0o700}
	link := delta.PutSpec{Mode: fs.ModeSymlink, Link: "/etc"}
	const root, whiteout, opaque = "drwxr-x---", "Dc---------", " opaque"
	for _, test := range []struct {
		name  string
		steps []step
		want  map[string]string
	}{
		{"nothing", nil, map[string]string{"": root}},
		{"a file", []step{{"/f", text("new")}}, map[string]string{"": root, "/f": "-rw-r----- new"}},
		{"twice", []step{{"/f", text("new")}, {"/f", text("newer")}, {"/f", text("newer")}}, map[string]string{"": root, "/f": "-rw-r----- newer"}},
		{"parents", []step{{"/dir/n/f", text("")}}, map[string]string{"": root, "/dir": "drwx--x--x mine", "/dir/n": "drwxr-xr-x", "/dir/n/f": "-rw-r----- "}},
		{"placeholder", []step{{"/f", delta.PutSpec{Size: 3}}}, map[string]string{"": root, "/f": "---------- \x00\x00\x00"}},
		{"link", []step{{"/f", link}}, map[string]string{"": root, "/f": "Lrwxrwxrwx /etc"}},
		{"no link is followed", []step{{"/f", link}, {"/f/passwd", text("x")}}, map[string]string{"": root, "/f": "drwxr-xr-x", "/f/passwd": "-rw-r----- x"}},
		{"a link is replaced", []step{{"/f", link}, {"/f", text("x")}}, map[string]string{"": root, "/f": "-rw-r----- x"}},
		{"gone", []step{{"/file", gone}, {"/file", gone}}, map[string]string{"": root, "/file": whiteout}},
		{"gone where nothing was", []step{{"/none/f", gone}, {"/file/f", gone}}, map[string]string{"": root}},
		{"gone and back", []step{{"/file", gone}, {"/file", text("x")}}, map[string]string{"": root, "/file": "-rw-r----- x"}},
		{"there and gone", []step{{"/n/a", text("x")}, {"/n/a", gone}}, map[string]string{"": root, "/n": "drwxr-xr-x"}},
		{"a directory gone", []step{{"/dir/n", text("x")}, {"/dir", gone}}, map[string]string{"": root, "/dir": whiteout}},
		{"a directory gone, and another", []step{{"/dir", gone}, {"/dir/n", text("x")}, {"/dir/file", gone}}, map[string]string{"": root, "/dir": "drwxr-xr-x" + opaque, "/dir/n": "-rw-r----- x"}},
		{"a directory gone, and an empty one", []step{{"/dir", gone}, {"/dir", dir}, {"/dir", dir}}, map[string]string{"": root, "/dir": "drwx------" + opaque}},
		{"a directory's mode", []step{{"/dir", dir}, {"/dir/sub/n", text("x")}}, map[string]string{"": root, "/dir": "drwx------", "/dir/sub": "drwxr-xr-x", "/dir/sub/n": "-rw-r----- x"}},
		{"the root's mode", []step{{"/", dir}}, map[string]string{"": "drwx------"}},
		{"a file instead of a directory", []step{{"/dir/sub/n", text("x")}, {"/dir", text("x")}}, map[string]string{"": root, "/dir": "-rw-r----- x"}},
		{"a directory instead of a file", []step{{"/file/n", text("x")}}, map[string]string{"": root, "/file": "drwxr-xr-x", "/file/n": "-rw-r----- x"}},
		{"odd names", []step{{"/new", text("x")}, {"/a\nb/\xff", text("x")}, {"/.wh.file", gone}}, map[string]string{
			"": root, "/new": "-rw-r----- x", "/a\nb": "drwxr-xr-x", "/a\nb/\xff": "-rw-r----- x", "/.wh.file": whiteout,
		}},
		{"deep", []step{{strings.Repeat("/d", 3000), gone}}, map[string]string{"": root}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, dir, lower := openBase(t)
			before := raw(t, lower)
			for _, s := range test.steps {
				must(t, b.Put(s.path, s.spec))
			}
			got := map[string]string{}
			for path, f := range scan(t, dir) {
				path = strings.TrimSuffix(path, "/")
				s := f.mode.String()
				if f.content != "" || f.mode.IsRegular() {
					s += " " + f.content
				}
				var v [8]byte
				if n, err := unix.Getxattr(dir+path, "user.overlay.opaque", v[:]); err == nil && n == 1 && f.mode.IsDir() {
					s += opaque
				}
				if _, err := unix.Getxattr(dir+path, "user.mine", v[:]); err == nil && f.mode.IsDir() {
					s += " mine"
				}
				got[path] = s
			}
			if d := cmp.Diff(test.want, got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
			if d := cmp.Diff(before, raw(t, lower)); d != "" {
				t.Errorf("the lower layer changed:\n%s", d)
			}
		})
	}
}

func TestPutErrors(t *testing.T) {
	b, dir, _ := openBase(t)
	for _, path := range []string{"", "x", "/x/", "//x", "/./x", "/x/..", "/"} {
		if err := b.Put(path, delta.PutSpec{}); !errors.Is(err, unix.EINVAL) {
			t.Errorf("%q: %v", path, err)
		}
	}
	if err := b.Put("/x", delta.PutSpec{Mode: fs.ModeNamedPipe}); !errors.Is(err, unix.EINVAL) {
		t.Errorf("a FIFO: %v", err)
	}
	if err := b.Put("/"+strings.Repeat("x", 256), delta.PutSpec{}); !errors.Is(err, unix.ENAMETOOLONG) {
		t.Errorf("a long name: %v", err)
	}
	if got := len(scan(t, dir)); got != 1 {
		t.Errorf("%d files", got)
	}
}

// TestPutShares asks which files get another name and which are copied.
func TestPutShares(t *testing.T) {
	b, dir, _ := openBase(t)
	f := fileOf(t, "content")
	info, err := f.Stat()
	must(t, err)
	same := delta.PutSpec{File: f, Share: true, Mode: info.Mode(), ModTime: info.ModTime().UnixNano()}
	other, older, own := same, same, same
	other.Mode, older.ModTime, own.Share = 0o600, 1e18, false
	for path, s := range map[string]delta.PutSpec{"/same": same, "/other": other, "/older": older, "/own": own} {
		must(t, b.Put(path, s))
		got, err := os.Stat(dir + path)
		must(t, err)
		if os.SameFile(info, got) != (path == "/same") || got.Mode() != s.Mode || got.ModTime().UnixNano() != s.ModTime {
			t.Errorf("%s: shared %v, %v, %v", path, os.SameFile(info, got), got.Mode(), got.ModTime())
		}
	}
}

// TestPutReopened goes on with a base where a process was killed.
func TestPutReopened(t *testing.T) {
	b, dir, lower := openBase(t)
	must(t, b.Put("/f", delta.PutSpec{}))
	put(t, dir+".tmp/new/left", "")
	again, err := delta.OpenBase(delta.Layers{Open: dir, Lower: []string{lower}}, tree.Caller)
	must(t, err)
	must(t, again.Put("/g", delta.PutSpec{}))
	must(t, again.Close())
	if got := len(scan(t, dir)); got != 3 {
		t.Errorf("%d files", got)
	}
	if _, err := os.Lstat(dir + ".tmp"); !os.IsNotExist(err) {
		t.Errorf("left: %v", err)
	}
}
