// SPDX-License-Identifier: MIT

package delta_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/delta"
)

// fataler is what *testing.T and *rapid.T have in common.
type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// overlay is a real one, with two lower layers.
type overlay struct {
	upper, merged string
	open          string   // "" until there is an open base
	lower         []string // top first
}

func dirs(t fataler, base string, names ...string) (paths []string) {
	t.Helper()
	for _, name := range names {
		name = filepath.Join(base, name)
		if err := os.Mkdir(name, 0o755); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, name)
	}
	return paths
}

// newOverlay makes the directories of an overlay in base.
func newOverlay(t fataler, base string) *overlay {
	d := dirs(t, base, "mask", "code", "upper", "work", "merged")
	return &overlay{lower: d[:2], upper: d[2], merged: d[4]}
}

func (o *overlay) layers() delta.Layers {
	l := delta.Layers{Upper: o.upper, Open: o.open, Lower: o.lower}
	if _, err := os.Lstat(o.open); err != nil {
		l.Open = ""
	}
	return l
}

func (o *overlay) mask() string { return o.lower[len(o.lower)-2] }
func (o *overlay) code() string { return o.lower[len(o.lower)-1] }

func (o *overlay) mount(t fataler) (unmount func()) {
	t.Helper()
	if os.Getenv(inNamespace) == "" {
		t.Fatal("needs a user namespace")
	}
	data := "userxattr,lowerdir=" + strings.Join(o.lower, ":")
	if o.upper != "" {
		data += ",upperdir=" + o.upper + ",workdir=" + filepath.Join(filepath.Dir(o.upper), "work")
	}
	if err := unix.Mount("overlay", o.merged, "overlay", 0, data); err != nil {
		t.Fatalf("mounting overlay: %v", err)
	}
	return func() {
		if err := unix.Unmount(o.merged, unix.MNT_DETACH); err != nil {
			t.Fatal(err)
		}
	}
}

// file is what the naive model knows of one path.
type file struct {
	mode    fs.FileMode
	size    int64
	content string
}

// scan reads a whole tree, the plain way.
func scan(t fataler, dir string) map[string]file {
	t.Helper()
	files := map[string]file{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if os.IsNotExist(err) && strings.HasSuffix(dir, originSuffix) {
			// A whiteout in a directory that is not merged is listed by its name.
			// Bases may have such; what is mounted has something over them.
			return nil
		}
		if err != nil {
			return err
		}
		f := file{mode: info.Mode(), size: info.Size()}
		switch {
		case info.Mode().IsRegular():
			b, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			f.content = string(b)
		case info.Mode()&fs.ModeSymlink != 0:
			f.content, _ = os.Readlink(name)
		case info.Mode()&fs.ModeDevice != 0:
			f.size = int64(info.Sys().(*syscall.Stat_t).Rdev)
		}
		if f.mode.IsDir() {
			f.size = 0
		}
		files["/"+strings.TrimPrefix(strings.TrimPrefix(name, dir), "/")] = f
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// diff compares two scans, the plain way.
func diff(before, after map[string]file) []delta.Change {
	var all []delta.Change
	for path, b := range before {
		a, ok := after[path]
		switch {
		case !ok:
			all = append(all, delta.Change{Path: path, Kind: delta.Deleted, Mode: b.mode, Size: b.size, OldMode: b.mode, OldSize: b.size})
		case a != b:
			all = append(all, delta.Change{Path: path, Kind: delta.Modified, Mode: a.mode, Size: a.size, OldMode: b.mode, OldSize: b.size})
		}
	}
	for path, a := range after {
		if _, ok := before[path]; !ok {
			all = append(all, delta.Change{Path: path, Kind: delta.Added, Mode: a.mode, Size: a.size})
		}
	}
	slices.SortFunc(all, func(a, b delta.Change) int { return strings.Compare(a.Path, b.Path) })
	return all
}

// changes asks the package, leaving out the sizes of directories, which are
// the file system's own affair.
func changes(t fataler, o *overlay) []delta.Change {
	t.Helper()
	got, err := delta.Changes(o.layers())
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		if got[i].Mode.IsDir() {
			got[i].Size = 0
		}
		if got[i].OldMode.IsDir() {
			got[i].OldSize = 0
		}
	}
	return got
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
