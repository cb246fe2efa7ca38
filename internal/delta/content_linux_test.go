// SPDX-License-Identifier: MIT

package delta_test

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/delta"
)

// TestReader compares what the layers say with what the overlay shows.
func TestReader(t *testing.T) {
	o := newOverlay(t, t.TempDir())
	put(t, o.code()+"/a/f", "one")
	put(t, o.code()+"/a/b/deep", "deep")
	put(t, o.code()+"/secret", "hidden")
	put(t, o.code()+"/again/x", "old")
	put(t, o.code()+"/turn", "file")
	put(t, o.code()+"/view", "hidden content")
	put(t, o.mask()+"/view", strings.Repeat("\x00", 14))
	must(t, os.Symlink("a/f", o.code()+"/link"))
	must(t, unix.Mknod(o.mask()+"/secret", unix.S_IFCHR, 0))
	unmount := o.mount(t)
	defer unmount()
	put(t, o.merged+"/a/f", "two")
	put(t, o.merged+"/secret", "mine")
	must(t, os.RemoveAll(o.merged+"/a/b"))
	must(t, os.RemoveAll(o.merged+"/again"))
	put(t, o.merged+"/again/y", "new")
	must(t, os.Remove(o.merged+"/turn"))
	put(t, o.merged+"/turn/inside", "new")
	must(t, os.Remove(o.merged+"/view"))
	must(t, os.Remove(o.merged+"/link"))
	must(t, os.Symlink("a", o.merged+"/link"))

	r, err := delta.OpenReader(o.layers())
	must(t, err)
	defer r.Close()
	const none, dir = "<none>", "<dir>"
	text := func(c *delta.Content) string {
		switch {
		case c == nil:
			return none
		case c.Err != nil:
			return c.Err.Error()
		case c.Mode.IsDir():
			return dir
		}
		return c.Data
	}
	for path, want := range map[string][2]string{
		"/":            {dir, dir},
		"/a/f":         {"one", "two"},
		"/secret":      {none, "mine"},
		"/a/b":         {dir, none},
		"/a/b/deep":    {"deep", none},
		"/again/x":     {"old", none},
		"/again/y":     {none, "new"},
		"/turn":        {"file", dir},
		"/turn/inside": {none, "new"},
		"/view":        {strings.Repeat("\x00", 14), none}, // the stand-in's
		"/link":        {"a/f", "a"},
		"/nothing/x":   {none, none},
	} {
		p, err := r.Read(path, 100)
		if got := [2]string{text(p.Old), text(p.New)}; got != want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", path, got, err, want)
		}
	}
}

func TestReaderLimits(t *testing.T) {
	o := newOverlay(t, t.TempDir())
	for _, name := range []string{"same", "other", "longer"} {
		put(t, o.code()+"/"+name, "0123456789")
	}
	put(t, o.upper+"/same", "0123456789")
	put(t, o.upper+"/other", "012345678X")
	put(t, o.upper+"/longer", "0123456789X")
	r, err := delta.OpenReader(o.layers())
	must(t, err)
	defer r.Close()
	for name, same := range map[string]bool{"same": true, "other": false, "longer": false} {
		p, err := r.Read("/"+name, 9)
		must(t, err)
		if p.Same != same || !errors.Is(p.Old.Err, delta.ErrTooLarge) || !errors.Is(p.New.Err, delta.ErrTooLarge) || p.New.Data != "" {
			t.Errorf("%s: got %+v, %+v, %+v", name, p, p.Old, p.New)
		}
		if p, err := r.Read("/"+name, 11); err != nil || p.Old.Data != "0123456789" || p.New.Err != nil {
			t.Errorf("%s: got %+v, %v", name, p.New, err)
		}
	}
}

// TestReaderFollowsNothing has in the upper directory what would lead, or keep
// one, elsewhere.
func TestReaderFollowsNothing(t *testing.T) {
	base := t.TempDir()
	o := newOverlay(t, base)
	put(t, base+"/outside/file", "outside")
	must(t, os.Symlink(base+"/outside", o.upper+"/dir"))
	must(t, os.Symlink(base+"/outside/file", o.upper+"/file"))
	must(t, unix.Mkfifo(o.upper+"/fifo", 0o644))
	r, err := delta.OpenReader(o.layers())
	must(t, err)
	defer r.Close()
	if p, err := r.Read("/dir/file", 100); err != nil || p.New != nil {
		t.Errorf("through a link: %+v, %v", p.New, err)
	}
	if p, err := r.Read("/file", 100); err != nil || p.New.Data != base+"/outside/file" {
		t.Errorf("a link: %+v, %v", p.New, err)
	}
	if p, err := r.Read("/fifo", 100); err != nil || p.New.Data != "" {
		t.Errorf("a FIFO: %+v, %v", p.New, err)
	}
	if _, err := delta.OpenReader(delta.Layers{Upper: base + "/missing", Lower: o.lower}); !errors.Is(err, syscall.ENOENT) {
		t.Error(err)
	}
	if _, err := delta.OpenReader(delta.Layers{Upper: o.upper, Lower: []string{base + "/missing"}}); !errors.Is(err, syscall.ENOENT) {
		t.Error(err)
	}
}
