// SPDX-License-Identifier: MIT

package delta_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

var (
	names  = rapid.SampledFrom([]string{"a", "b", "c", ".wh.a", "n\nl"})
	aPath  = rapid.Custom(func(t *rapid.T) string { return filepath.Join(rapid.SliceOfN(names, 1, 3).Draw(t, "path")...) })
	text   = rapid.SampledFrom([]string{"", "one", "two", "three"})
	aMode  = rapid.SampledFrom([]os.FileMode{0o644, 0o755, 0o700, 0})
	action = rapid.SampledFrom([]string{"write", "write", "mkdir", "remove", "removeall", "rename", "symlink", "chmod", "socket", "link"})
)

// act does something random to a tree. That it fails is as good.
func act(t *rapid.T, dir string) {
	name := filepath.Join(dir, aPath.Draw(t, "name"))
	switch action.Draw(t, "action") {
	case "write":
		_ = os.MkdirAll(filepath.Dir(name), 0o755)
		content := text.Draw(t, "text")
		_ = os.WriteFile(name, []byte(content), 0o644)
	case "mkdir":
		_ = os.MkdirAll(name, 0o755)
	case "remove":
		_ = os.Remove(name)
	case "removeall":
		_ = os.RemoveAll(name)
	case "rename":
		_ = os.Rename(name, filepath.Join(dir, aPath.Draw(t, "to")))
	case "symlink":
		_ = os.Symlink(aPath.Draw(t, "target"), name)
	case "chmod":
		// Through a link this would be the target, wherever that is.
		if info, err := os.Lstat(name); err == nil && info.Mode()&os.ModeSymlink == 0 {
			_ = os.Chmod(name, aMode.Draw(t, "mode"))
		}
	case "socket":
		// Not a FIFO, whose opening waits for the other side.
		_ = unix.Mknod(name, unix.S_IFSOCK|0o644, 0)
	case "link":
		_ = os.Link(name, filepath.Join(dir, aPath.Draw(t, "to")))
	}
}

func TestChangesAgreesWithATreeDiff(t *testing.T) {
	base := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(base, "")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		o := newOverlay(t, dir)
		for range rapid.IntRange(0, 15).Draw(t, "files") {
			act(t, o.code())
		}
		for range rapid.IntRange(0, 3).Draw(t, "masked") {
			path := aPath.Draw(t, "hidden")
			// A whiteout in a directory that is not merged is listed by its name.
			parent := filepath.Dir(filepath.Join(o.code(), path))
			if os.MkdirAll(parent, 0o755) != nil {
				continue
			}
			if real, err := filepath.EvalSymlinks(parent); err != nil || real != parent {
				continue
			}
			_ = os.MkdirAll(filepath.Dir(filepath.Join(o.mask(), path)), 0o755)
			_ = unix.Mknod(filepath.Join(o.mask(), path), unix.S_IFCHR, 0)
		}
		unmount := o.mount(t)
		defer unmount()
		before := scan(t, o.merged)
		for range rapid.IntRange(0, 15).Draw(t, "acts") {
			act(t, o.merged)
		}
		if d := cmp.Diff(diff(before, scan(t, o.merged)), changes(t, o), noTimes); d != "" {
			t.Fatalf("-naive +Changes:\n%s", d)
		}
	})
}
