// SPDX-License-Identifier: MIT

package codebase_test

import (
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-rls/sandbox/internal/codebase"
)

func put(path, content string, base uint64, written int64) codebase.Item {
	return codebase.Item{Path: path, Mode: 0o644, ModTime: 1, Open: text(content), Base: base, Written: written}
}

func mkdir(path string, base uint64, written int64) codebase.Item {
	return codebase.Item{Path: path, Mode: fs.ModeDir | 0o755, ModTime: 1, Base: base, Written: written}
}

func symlink(path, target string, base uint64, written int64) codebase.Item {
	return codebase.Item{Path: path, Mode: fs.ModeSymlink, Link: target, ModTime: 1, Base: base, Written: written}
}

func remove(path string, base uint64, written int64) codebase.Item {
	return codebase.Item{Path: path, Delete: true, Base: base, Written: written}
}

func (w *world) apply(id string, strict bool, items ...codebase.Item) codebase.ApplyReport {
	w.Helper()
	r, err := w.store.Apply(w.Context(), id, codebase.Batch{Items: items, Strict: strict, Partial: strict})
	must(w, err)
	return r
}

// TestApply begins with /d/f and /d/g and /h, which a sandbox knows; then somebody
// uploads /d/f anew, adds /d/n and removes /h.
func TestApply(t *testing.T) {
	var before, after int64 = 1, 1 << 62 // the latter becomes now
	const base = 4
	tests := map[string]struct {
		strict bool
		items  []codebase.Item
		want   codebase.ApplyReport
		paths  []string
	}{
		"what nobody touched": {
			items: []codebase.Item{put("/d/g", "new", base, before)},
			want:  codebase.ApplyReport{Version: 8, Applied: []string{"/d/g"}},
			paths: []string{"/d", "/d/f", "/d/g", "/d/n"},
		},
		"an older write": {
			items: []codebase.Item{put("/d/f", "new", base, before)},
			want:  codebase.ApplyReport{Version: 7, Superseded: []string{"/d/f"}},
			paths: []string{"/d", "/d/f", "/d/g", "/d/n"},
		},
		"a newer write": {
			items: []codebase.Item{put("/d/f", "new", base, after)},
			want:  codebase.ApplyReport{Version: 8, Applied: []string{"/d/f"}},
			paths: []string{"/d", "/d/f", "/d/g", "/d/n"},
		},
		"a newer write, strictly": {
			strict: true,
			items:  []codebase.Item{put("/d/f", "new", base, after), put("/d/g", "new", base, before)},
			want:   codebase.ApplyReport{Version: 8, Applied: []string{"/d/g"}, Conflicts: []string{"/d/f"}},
			paths:  []string{"/d", "/d/f", "/d/g", "/d/n"},
		},
		"the same, strictly": {
			strict: true,
			items:  []codebase.Item{put("/d/f", "theirs", base, before)},
			want:   codebase.ApplyReport{Version: 7, Unchanged: []string{"/d/f"}},
			paths:  []string{"/d", "/d/f", "/d/g", "/d/n"},
		},
		"an older write of what was removed": {
			items: []codebase.Item{put("/h", "new", base, before)},
			want:  codebase.ApplyReport{Version: 7, Superseded: []string{"/h"}},
			paths: []string{"/d", "/d/f", "/d/g", "/d/n"},
		},
		"a newer write of what was removed": {
			items: []codebase.Item{put("/h", "new", base, after)},
			want:  codebase.ApplyReport{Version: 8, Applied: []string{"/h"}},
			paths: []string{"/d", "/d/f", "/d/g", "/d/n", "/h"},
		},
		"an older removal": {
			items: []codebase.Item{remove("/d", base, before)},
			want:  codebase.ApplyReport{Version: 8, Superseded: []string{"/d/n", "/d/f", "/d"}},
			paths: []string{"/d", "/d/f", "/d/n"},
		},
		"a newer removal": {
			items: []codebase.Item{remove("/d", base, after), remove("/d/f", base, after), remove("/none", base, after)},
			want:  codebase.ApplyReport{Version: 8, Applied: []string{"/d", "/d/f"}, Unchanged: []string{"/none"}},
		},
		"a file over a directory, too old": {
			items: []codebase.Item{put("/d", "new", base, before)},
			want:  codebase.ApplyReport{Version: 7, Superseded: []string{"/d"}},
			paths: []string{"/d", "/d/f", "/d/g", "/d/n"},
		},
		"a link over a directory": {
			items: []codebase.Item{symlink("/d", "/etc", base, after)},
			want:  codebase.ApplyReport{Version: 8, Applied: []string{"/d"}},
			paths: []string{"/d"},
		},
		"a directory over a file": {
			items: []codebase.Item{mkdir("/d/g", base, before), put("/d/g/x", "new", base, before)},
			want:  codebase.ApplyReport{Version: 8, Applied: []string{"/d/g", "/d/g/x"}},
			paths: []string{"/d", "/d/f", "/d/g", "/d/g/x", "/d/n"},
		},
		"beneath what is a file, too old": {
			items: []codebase.Item{put("/d/f/x", "new", base, before)},
			want:  codebase.ApplyReport{Version: 7, Superseded: []string{"/d/f/x"}},
			paths: []string{"/d", "/d/f", "/d/g", "/d/n"},
		},
		"removed and made anew": {
			items: []codebase.Item{remove("/d", base, after), mkdir("/d", base, after), put("/d/f", "new", base, after)},
			want:  codebase.ApplyReport{Version: 8, Applied: []string{"/d", "/d", "/d/f"}},
			paths: []string{"/d", "/d/f"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.create("cb")
			w.write("cb", "/d/f", "ours")
			w.write("cb", "/d/g", "ours")
			w.write("cb", "/h", "ours")
			began := w.checkout("cb")
			w.write("cb", "/d/f", "theirs")
			w.write("cb", "/d/n", "theirs")
			must(t, w.store.Remove(t.Context(), "cb", "/h"))
			time.Sleep(time.Millisecond)
			got := w.apply("cb", test.strict, test.items...)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(test.paths, w.paths("cb")); diff != "" {
				t.Error(diff)
			}
			w.check(w.checkout("cb"))
			began.Release()
			w.reopen()
			w.write("cb", "/last", "x")
			files, err := w.store.Entries(t.Context(), "cb", "/", true)
			must(t, err)
			regular := slices.DeleteFunc(files, func(f codebase.File) bool { return !f.Mode.IsRegular() })
			if n := len(w.objects("cb")); n != len(regular) || w.info("cb").FileCount != n {
				t.Errorf("%d objects, %d files, %d counted", n, len(regular), w.info("cb").FileCount)
			}
		})
	}
}

// TestClockGoesBack writes in an order that the clock does not show.
func TestClockGoesBack(t *testing.T) {
	w := newWorld(t)
	w.create("cb")
	now := time.Now().UnixNano()
	w.apply("cb", false, put("/f", "first", 1, now))
	v := w.info("cb").Version
	// It saw the first, so it is later, whatever its time says.
	w.apply("cb", false, put("/f", "second", v, now-int64(time.Hour)))
	if got := w.read("cb", "/f"); got != "second" {
		t.Errorf("%q", got)
	}
	f, err := w.store.Stat(t.Context(), "cb", "/f")
	must(t, err)
	if f.Written != now {
		t.Errorf("written %d, want %d: it went back", f.Written, now)
	}
	// One that did not see the second is older than that.
	r := w.apply("cb", false, put("/f", "third", v, now-int64(time.Minute)))
	if diff := cmp.Diff([]string{"/f"}, r.Superseded); diff != "" {
		t.Error(diff)
	}
	r = w.apply("cb", false, remove("/f", v+1, 5))
	if diff := cmp.Diff([]string{"/f"}, r.Applied); diff != "" {
		t.Error(diff)
	}
}

func TestSince(t *testing.T) {
	w := newWorld(t)
	w.create("cb")
	w.write("cb", "/a", "1")
	w.checkout("cb")
	v := w.info("cb").Version
	if files, err := w.store.Since(t.Context(), "cb", v); len(files) > 0 || err != nil {
		t.Error(files, err)
	}
	w.write("cb", "/c", "1")
	w.write("cb", "/b", "1")
	w.write("cb", "/gone", "1")
	must(t, w.store.Remove(t.Context(), "cb", "/gone"))
	w.apply("cb", false, put("/c", "by a sandbox", w.info("cb").Version, 0), put("/d", "x", v, 0))
	w.write("cb", "/a", "2")
	files, err := w.store.Since(t.Context(), "cb", v)
	must(t, err)
	if diff := cmp.Diff([]string{"/b", "/a"}, pathsOf(files)); diff != "" {
		t.Error(diff)
	}
}

// TestApplyNothing applies batches of which nothing is to be applied.
func TestApplyNothing(t *testing.T) {
	w := newWorld(t)
	w.create("cb")
	w.write("cb", "/a", "1")
	w.checkout("cb")
	v := w.info("cb").Version
	w.write("cb", "/a", "2")
	now := w.info("cb").Version
	items := []codebase.Item{put("/a", "mine", v, 0), put("/b", "mine", v, 0)}
	for _, c := range []struct {
		batch              codebase.Batch
		applied, conflicts []string
		version            uint64
	}{
		{codebase.Batch{Strict: true}, []string{"/b"}, []string{"/a"}, 0},
		{codebase.Batch{Strict: true, Partial: true, DryRun: true}, []string{"/b"}, []string{"/a"}, 0},
		{codebase.Batch{Strict: true, Overwrite: true, DryRun: true}, []string{"/a", "/b"}, nil, 0},
		{codebase.Batch{Strict: true, Partial: true}, []string{"/b"}, []string{"/a"}, now + 1},
		{codebase.Batch{Strict: true, Overwrite: true}, []string{"/a"}, nil, now + 2},
	} {
		c.batch.Items = items
		r, err := w.store.Apply(t.Context(), "cb", c.batch)
		must(t, err)
		if diff := cmp.Diff(c.applied, r.Applied) + cmp.Diff(c.conflicts, r.Conflicts); diff != "" || r.Version != c.version {
			t.Errorf("%+v: version %d, %s", c.batch, r.Version, diff)
		}
		if c.version == 0 && w.info("cb").Version != now {
			t.Errorf("%+v: something was applied", c.batch)
		}
	}
}

// TestApplyUnreadable has items whose content cannot be had: of a strict batch they are
// reported, and keep the rest from being applied, unless it may be in part.
func TestApplyUnreadable(t *testing.T) {
	w := newWorld(t)
	w.create("cb")
	v := w.info("cb").Version
	closed, torn := put("/closed", "", v, 0), put("/torn", "", v, 0)
	closed.Open = func() (io.ReadCloser, error) { return nil, errors.New("closed") }
	torn.Open = func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader("begun"), iotest.ErrReader(errors.New("torn")))), nil
	}
	items := []codebase.Item{closed, put("/fine", "x", v, 0), torn}
	for _, c := range []struct {
		batch codebase.Batch
		paths []string
	}{
		{codebase.Batch{Strict: true}, nil},
		{codebase.Batch{Strict: true, Overwrite: true}, nil},
		{codebase.Batch{Strict: true, Partial: true, DryRun: true}, nil},
		{codebase.Batch{Strict: true, Partial: true}, []string{"/fine"}},
	} {
		c.batch.Items = items
		r, err := w.store.Apply(t.Context(), "cb", c.batch)
		must(t, err)
		var failed []string
		for _, f := range r.Failed {
			failed = append(failed, f.Error())
		}
		files, err := w.store.Entries(t.Context(), "cb", "/", true)
		must(t, err)
		if diff := cmp.Diff([]string{"read /closed: closed", "read /torn: torn"}, failed) + cmp.Diff(c.paths, pathsOf(files)); diff != "" {
			t.Errorf("strict, but %+v: %s", []bool{c.batch.Overwrite, c.batch.Partial, c.batch.DryRun}, diff)
		}
	}
	if _, err := w.store.Apply(t.Context(), "cb", codebase.Batch{Items: items}); err == nil {
		t.Error("what cannot be read is lost")
	}
}
