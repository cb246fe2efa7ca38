// SPDX-License-Identifier: MIT

package delta_test

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// TestChangesAgainstABase tells what is a change where the origin has changed,
// too, and looks whether a restart makes a difference.
func TestChangesAgainstABase(t *testing.T) {
	fixed := time.Unix(1e9, 0)
	put0 := func(path string) func(*testing.T, *rebased) {
		return func(t *testing.T, r *rebased) {
			put(t, r.merged+path, "new")
			must(t, os.Chtimes(r.merged+path, fixed, fixed))
			r.commit(t, path)
		}
	}
	for _, test := range []struct {
		name  string
		steps []func(*testing.T, *rebased)
		want  []string
	}{
		{"committed", []func(*testing.T, *rebased){put0("/n"), put0("/dir/file")}, nil},
		{"changed again", []func(*testing.T, *rebased){put0("/n"), func(t *testing.T, r *rebased) {
			put(t, r.merged+"/n", "newer")
		}}, []string{"modified /n"}},
		{"taken back", []func(*testing.T, *rebased){put0("/dir/file"), func(t *testing.T, r *rebased) {
			put(t, r.merged+"/dir/file", "old")
		}}, []string{"modified /dir/file"}},
		{"deleted since", []func(*testing.T, *rebased){put0("/n"), put0("/m/n"), func(t *testing.T, r *rebased) {
			must(t, os.Remove(r.merged+"/n"))
			must(t, os.RemoveAll(r.merged+"/m"))
		}}, []string{"deleted /m", "deleted /m/n", "deleted /n"}},
		{"a new directory made anew", []func(*testing.T, *rebased){put0("/m/n"), func(t *testing.T, r *rebased) {
			must(t, os.RemoveAll(r.merged+"/m"))
			put(t, r.merged+"/m/o", "mine")
		}}, []string{"added /m/o", "deleted /m/n"}},
		{"deletion committed", []func(*testing.T, *rebased){func(t *testing.T, r *rebased) {
			must(t, os.RemoveAll(r.merged+"/dir"))
			r.commit(t, "/dir")
		}}, nil},
		{"deletion committed and made anew", []func(*testing.T, *rebased){func(t *testing.T, r *rebased) {
			must(t, os.RemoveAll(r.merged+"/dir"))
			r.commit(t, "/dir")
			put(t, r.merged+"/dir/file", "old")
		}}, []string{"added /dir", "added /dir/file"}},
		{"gone where nothing was", []func(*testing.T, *rebased){func(t *testing.T, r *rebased) {
			r.put(t, "/none", delta.PutSpec{Gone: true})
			r.put(t, "/dir/none", delta.PutSpec{Gone: true})
		}}, nil},
		{"not shown", []func(*testing.T, *rebased){func(t *testing.T, r *rebased) {
			r.put(t, "/dir/file", delta.PutSpec{Gone: true})
			r.put(t, "/n", delta.PutSpec{Mode: 0o644})
			r.put(t, "/sub/f", delta.PutSpec{Mode: 0o644})
			r.put(t, "/sub", delta.PutSpec{Gone: true})
			r.put(t, "/sub/g", delta.PutSpec{Mode: 0o644})
		}}, []string{"added /dir/file", "added /sub/f", "deleted /n", "deleted /sub/g"}},
		{"twice", []func(*testing.T, *rebased){put0("/n"), restart, put0("/m"), func(t *testing.T, r *rebased) {
			must(t, os.Remove(r.merged+"/n"))
			r.commit(t, "/n")
		}}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRebased(t, t.TempDir())
			put(t, r.code()+"/dir/file", "old")
			put(t, r.code()+"/sub/f", "old")
			r.unmount = r.mount(t)
			defer func() { r.unmount() }()
			for _, step := range test.steps {
				step(t, r)
			}
			var got []string
			for _, c := range changes(t, r.overlay) {
				got = append(got, c.Kind.String()+" "+c.Path)
			}
			slices.Sort(got)
			if d := cmp.Diff(test.want, got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
			restart(t, r)
		})
	}
}

// restart closes the open base, and fails if anything looks different then.
func restart(t *testing.T, r *rebased) {
	t.Helper()
	before, changed := scan(t, r.merged), changes(t, r.overlay)
	r.close(t, true)
	if d := cmp.Diff(before, scan(t, r.merged), cmp.AllowUnexported(file{})); d != "" {
		t.Errorf("-before +after a restart:\n%s", d)
	}
	if d := cmp.Diff(changed, changes(t, r.overlay), noTimes); d != "" {
		t.Errorf("changes: -before +after a restart:\n%s", d)
	}
}

// TestPromoteAgain does twice what may have been interrupted.
func TestPromoteAgain(t *testing.T) {
	dir := t.TempDir()
	d := dirs(t, dir, "upper", "lower")
	l := delta.Layers{Upper: d[0], Open: dir + "/open", Lower: d[1:]}
	put(t, l.Lower[0]+"/dir/file", "old")
	b, err := delta.OpenBase(l, tree.Caller)
	must(t, err)
	must(t, b.Put("/dir/new", delta.PutSpec{}))
	must(t, b.Put("/dir/file", delta.PutSpec{}))
	must(t, b.Close())
	must(t, delta.Promote(l, tree.Caller))
	first := raw(t, l.Upper)
	must(t, delta.Promote(l, tree.Caller))
	if d := cmp.Diff(first, raw(t, l.Upper)); d != "" || len(first) != 4 {
		t.Errorf("%d files; -once +twice:\n%s", len(first), d)
	}
	must(t, delta.Promote(delta.Layers{Upper: l.Upper, Lower: l.Lower}, tree.Caller)) // without a base
}

func TestMergeErrors(t *testing.T) {
	dir := t.TempDir()
	if err := delta.Merge(nil, dir+"/into"); !errors.Is(err, unix.EINVAL) {
		t.Errorf("of nothing: %v", err)
	}
	if err := delta.Merge([]string{dir + "/none"}, dir+"/into"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of what is not there: %v", err)
	}
	if err := delta.Merge([]string{dir}, dir); !errors.Is(err, fs.ErrExist) {
		t.Errorf("into what exists: %v", err)
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) > 0 {
		t.Errorf("left: %v, %v", names, err)
	}
}

func TestEmpty(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/a/b/c", "")
	must(t, unix.Mknod(dir+"/gone", unix.S_IFCHR, 0))
	must(t, os.Symlink("/etc", dir+"/link"))
	must(t, os.Chmod(dir+"/a", 0))
	must(t, delta.Empty(dir))
	if names, err := os.ReadDir(dir); err != nil || len(names) > 0 {
		t.Errorf("left: %v, %v", names, err)
	}
	if err := delta.Empty(dir + "/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of what is not there: %v", err)
	}
}

// BenchmarkChanges compares a delta of 1,000 files of a tree of 100,000, half of
// which were committed.
func BenchmarkChanges(b *testing.B) {
	dir := b.TempDir()
	d := dirs(b, dir, "upper", "open", "lower")
	l := delta.Layers{Upper: d[0], Open: d[1], Lower: d[2:]}
	for i := range 100_000 {
		name := "/" + strconv.Itoa(i/1000) + "/" + strconv.Itoa(i/100%10) + "/" + strconv.Itoa(i)
		put(b, l.Lower[0]+name, "old")
		if i%100 == 0 {
			put(b, l.Upper+name, "new")
		}
		if i%200 == 0 {
			put(b, l.Open+name, "new")
		}
	}
	for b.Loop() {
		if got, err := delta.Changes(l); err != nil || len(got) != 500 {
			b.Fatal(len(got), err)
		}
	}
}

// BenchmarkCopy copies a delta of 10,000 files.
func BenchmarkCopy(b *testing.B) {
	dir := b.TempDir()
	src := dirs(b, dir, "src")[0]
	for i := range 10_000 {
		put(b, src+"/"+strconv.Itoa(i/100)+"/"+strconv.Itoa(i), "content")
	}
	for b.Loop() {
		dst := copyLayer(b, src)
		b.StopTimer()
		must(b, tree.Remove(dst))
		b.StartTimer()
	}
}
