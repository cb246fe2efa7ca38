// SPDX-License-Identifier: MIT

package delta_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/delta"
)

func put(t testing.TB, name, content string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(name), 0o755))
	must(t, os.WriteFile(name, []byte(content), 0o644))
}

func TestChanges(t *testing.T) {
	long := strings.Repeat("l", 255)
	for _, test := range []struct {
		name string
		do   func(t *testing.T, dir string)
		want []string
	}{
		{"nothing", func(t *testing.T, dir string) {}, nil},
		{"new file", func(t *testing.T, dir string) { put(t, dir+"/n", "x") }, []string{"added /n"}},
		{"new empty directory", func(t *testing.T, dir string) { must(t, os.Mkdir(dir+"/n", 0o755)) }, []string{"added /n"}},
		{"same content", func(t *testing.T, dir string) { put(t, dir+"/a/f", "one") }, nil},
		{"same size", func(t *testing.T, dir string) { put(t, dir+"/a/f", "two") }, []string{"modified /a/f"}},
		{"mode", func(t *testing.T, dir string) { must(t, os.Chmod(dir+"/a/f", 0o755)) }, []string{"modified /a/f"}},
		{"mode and back", func(t *testing.T, dir string) {
			must(t, os.Chmod(dir+"/a", 0o700))
			must(t, os.Chmod(dir+"/a", 0o755))
		}, nil},
		{"mode of a directory", func(t *testing.T, dir string) { must(t, os.Chmod(dir+"/a", 0o700)) }, []string{"modified /a"}},
		{"link", func(t *testing.T, dir string) {
			must(t, os.Remove(dir+"/link"))
			must(t, os.Symlink("elsewhere", dir+"/link"))
		}, []string{"modified /link"}},
		{"deleted file", func(t *testing.T, dir string) { must(t, os.Remove(dir+"/a/f")) }, []string{"deleted /a/f"}},
		{
			"deleted directory", func(t *testing.T, dir string) { must(t, os.RemoveAll(dir+"/a")) },
			[]string{"deleted /a", "deleted /a/b", "deleted /a/b/deep", "deleted /a/f", "deleted /a/view"},
		},
		{"directory made anew", func(t *testing.T, dir string) {
			must(t, os.RemoveAll(dir+"/a"))
			put(t, dir+"/a/b/new", "")
			put(t, dir+"/a/f", "one")
		}, []string{"added /a/b/new", "deleted /a/b/deep", "deleted /a/view"}},
		{"directory becomes file", func(t *testing.T, dir string) {
			must(t, os.RemoveAll(dir+"/a"))
			put(t, dir+"/a", "")
		}, []string{"deleted /a/b", "deleted /a/b/deep", "deleted /a/f", "deleted /a/view", "modified /a"}},
		{"file becomes directory", func(t *testing.T, dir string) {
			must(t, os.Remove(dir+"/top"))
			put(t, dir+"/top/sub", "")
		}, []string{"added /top/sub", "modified /top"}},
		{"file becomes link", func(t *testing.T, dir string) {
			must(t, os.Remove(dir+"/top"))
			must(t, os.Symlink("a/f", dir+"/top"))
		}, []string{"modified /top"}},
		{"hidden names taken", func(t *testing.T, dir string) {
			put(t, dir+"/secret", "mine")
			put(t, dir+"/a/key/x", "mine")
		}, []string{"added /a/key", "added /a/key/x", "added /secret"}},
		{"added and gone", func(t *testing.T, dir string) {
			put(t, dir+"/a/new", "")
			must(t, os.Remove(dir+"/a/new"))
			put(t, dir+"/secret", "")
			must(t, os.Remove(dir+"/secret"))
		}, nil},
		{"odd names", func(t *testing.T, dir string) {
			for _, name := range []string{".wh.top", ".wh..wh..opq", "new\nline", "bad\xff", long} {
				put(t, dir+"/"+name, "")
			}
			must(t, os.Remove(dir+"/.wh.a"))
		}, []string{"added /.wh..wh..opq", "added /.wh.top", "added /bad\xff", "added /" + long, "added /new\nline", "deleted /.wh.a"}},
		{"special files", func(t *testing.T, dir string) { must(t, unix.Mkfifo(dir+"/fifo", 0o644)) }, []string{"added /fifo"}},
		{"placeholder", func(t *testing.T, dir string) { must(t, os.Remove(dir+"/a/view")) }, []string{"deleted /a/view"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := newOverlay(t, t.TempDir())
			put(t, o.code()+"/a/f", "one")
			put(t, o.code()+"/a/b/deep", "deep")
			put(t, o.code()+"/a/key/id", "hidden")
			put(t, o.code()+"/a/view", "seen")
			put(t, o.code()+"/top", "top")
			put(t, o.code()+"/secret", "hidden")
			put(t, o.code()+"/.wh.a", "ordinary")
			must(t, os.Symlink("a/f", o.code()+"/link"))
			must(t, os.Mkdir(o.mask()+"/a", 0o755))
			put(t, o.mask()+"/a/view", "\x00\x00\x00\x00")
			must(t, unix.Mknod(o.mask()+"/secret", unix.S_IFCHR, 0))
			must(t, unix.Mknod(o.mask()+"/a/key", unix.S_IFCHR, 0))
			unmount := o.mount(t)
			defer unmount()
			before := scan(t, o.merged)
			test.do(t, o.merged)

			all := changes(t, o)
			if d := cmp.Diff(diff(before, scan(t, o.merged)), all, noTimes); d != "" {
				t.Errorf("-naive +Changes:\n%s", d)
			}
			var got []string
			for _, c := range all {
				got = append(got, fmt.Sprintf("%v %s", c.Kind, c.Path))
			}
			slices.Sort(got)
			slices.Sort(test.want)
			if d := cmp.Diff(test.want, got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

// A hostile upper directory: links where directories were, and names that the
// overlay would not let through.
func TestChangesFollowsNoLink(t *testing.T) {
	base := t.TempDir()
	o := newOverlay(t, base)
	outside := dirs(t, base, "outside")[0]
	put(t, outside+"/file", "")
	put(t, o.code()+"/dir/file", "")
	must(t, os.Symlink(outside, o.upper+"/dir"))
	must(t, os.Symlink(outside, o.upper+"/other"))
	var got []string
	for _, c := range changes(t, o) {
		got = append(got, fmt.Sprintf("%v %s", c.Kind, c.Path))
	}
	if want := []string{"modified /dir", "deleted /dir/file", "added /other"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestChangesOfADeepTree(t *testing.T) {
	o := newOverlay(t, t.TempDir())
	unmount := o.mount(t)
	defer unmount()
	const depth = 99 // just short enough, while the host's path is not
	fd, err := unix.Open(o.merged, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	must(t, err)
	for range depth {
		must(t, unix.Mkdirat(fd, strings.Repeat("d", 40), 0o755))
		next, err := unix.Openat(fd, strings.Repeat("d", 40), unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		must(t, err)
		unix.Close(fd)
		fd = next
	}
	unix.Close(fd)
	got, err := delta.Changes(o.layers())
	must(t, err)
	if len(got) != depth || len(got[depth-1].Path) != depth*41 {
		t.Errorf("%d changes", len(got))
	}
}

func TestChangesErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := delta.Changes(delta.Layers{Upper: dir + "/missing", Lower: []string{dir}}); !os.IsNotExist(err) {
		t.Errorf("missing upper: %v", err)
	}
	if _, err := delta.Changes(delta.Layers{Upper: dir, Lower: []string{dir + "/missing"}}); !os.IsNotExist(err) {
		t.Errorf("missing lower: %v", err)
	}
}
