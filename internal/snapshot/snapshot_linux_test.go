// SPDX-License-Identifier: MIT

package snapshot_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/snapshot"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(t testing.TB, name, content string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(name), 0o755))
	must(t, os.WriteFile(name, []byte(content), 0o644))
}

// owner is another than root where the test may choose.
func owner() tree.Owner {
	if os.Geteuid() == 0 {
		return tree.Owner{UID: 1879049192, GID: 1879049192}
	}
	return tree.Caller
}

// world is a source and a store.
type world struct {
	testing.TB
	source string
	dir    string
	store  *snapshot.Store
}

func newWorld(t testing.TB) *world {
	t.Helper()
	base := t.TempDir()
	w := &world{TB: t, source: filepath.Join(base, "source"), dir: filepath.Join(base, "store")}
	must(t, os.Mkdir(w.source, 0o755))
	store, err := snapshot.Open(w.dir, owner())
	must(t, err)
	w.store = store
	t.Cleanup(func() {
		must(t, store.Close())
		must(t, tree.Remove(w.dir))
		must(t, tree.Remove(w.source))
	})
	return w
}

// settle waits until no file is racy.
func (w *world) settle() { time.Sleep(30 * time.Millisecond) }

func (w *world) list() *tree.Tree {
	w.Helper()
	listing, err := tree.List(w.Context(), w.source)
	must(w, err)
	return listing
}

func (w *world) take(policy *fsguard.Policy) *snapshot.Snapshot {
	w.Helper()
	s, err := w.store.Take(w.Context(), w.list(), policy)
	must(w, err)
	return s
}

func (w *world) policy(rules ...fsguard.Rule) *fsguard.Policy {
	w.Helper()
	p, err := fsguard.Compile(rules)
	must(w, err)
	return p
}

func rule(pattern string, p fsguard.Permission, priority int) fsguard.Rule {
	return fsguard.Rule{Pattern: pattern, Permission: p, Priority: priority}
}

func paths(t *tree.Tree) []string {
	var all []string
	for _, e := range t.Entries {
		all = append(all, e.Path)
	}
	return all
}

func skipped(s *snapshot.Snapshot) []string {
	var all []string
	for _, p := range s.Skipped {
		all = append(all, p.Path)
	}
	slices.Sort(all)
	return all
}

func inode(t testing.TB, name string) uint64 {
	t.Helper()
	info, err := os.Lstat(name)
	must(t, err)
	return info.Sys().(*syscall.Stat_t).Ino
}

func TestTakeEverything(t *testing.T) {
	w := newWorld(t)
	put(t, w.source+"/a/b/file", "content")
	put(t, w.source+"/empty", "")
	put(t, w.source+"/odd\xff\n", "x")
	put(t, w.source+"/"+strings.Repeat("n", 255), "x")
	put(t, w.source+"/big", strings.Repeat("0123456789abcdef", 64<<10))
	put(t, w.source+"/suid", "x")
	put(t, w.source+"/closed/file", "x")
	must(t, os.Symlink("/nowhere", w.source+"/link"))
	must(t, os.Truncate(w.source+"/empty", 1<<30))
	must(t, os.Chmod(w.source+"/suid", 0o755|fs.ModeSetuid|fs.ModeSetgid))
	must(t, os.Chmod(w.source+"/a", 0o750|fs.ModeSticky))
	must(t, os.Chmod(w.source+"/closed", 0o555))
	then := time.Unix(1_600_000_000, 987654321)
	for _, name := range []string{"/a/b/file", "/a/b", "/a", "/closed", ""} {
		must(t, os.Chtimes(w.source+name, then, then))
	}
	must(t, unix.Mkfifo(w.source+"/fifo", 0o644))
	must(t, unix.Setxattr(w.source+"/big", "user.colour", []byte("red"), 0))
	must(t, unix.Setxattr(w.source+"/a", "user.colour", []byte("blue"), 0))
	must(t, unix.Setxattr(w.source+"/a", "user.overlay.opaque", []byte("y"), 0))

	src := w.list()
	s := w.take(nil)
	if diff := cmp.Diff([]string{"/fifo"}, skipped(s)); diff != "" {
		t.Error("skipped: ", diff)
	}
	if s.Plan != nil {
		t.Error("a plan without a policy")
	}
	want := slices.DeleteFunc(paths(src), func(p string) bool { return p == "/fifo" })
	if diff := cmp.Diff(want, paths(s.Tree)); diff != "" {
		t.Fatal(diff)
	}
	for _, e := range s.Tree.Entries {
		from := src.Lookup(e.Path)
		mode := from.Mode &^ (fs.ModeSetuid | fs.ModeSetgid)
		if e.Mode != mode || e.ModTime != from.ModTime || e.Link != from.Link || !e.Mode.IsDir() && e.Size != from.Size {
			t.Errorf("%q: %+v\nwant %+v", e.Path, e, *from)
		}
		if o := owner(); o.Set() && (int(e.UID) != o.UID || int(e.GID) != o.GID) {
			t.Errorf("%q belongs to %d:%d", e.Path, e.UID, e.GID)
		}
		if e.Mode.IsRegular() && e.Size < 1<<30 {
			a, err := os.ReadFile(w.source + e.Path)
			must(t, err)
			b, err := os.ReadFile(s.Dir + e.Path)
			must(t, err)
			if string(a) != string(b) {
				t.Errorf("%q: another content", e.Path)
			}
		}
	}
	var st unix.Stat_t
	must(t, unix.Stat(s.Dir+"/empty", &st))
	if st.Blocks > 64 {
		t.Errorf("a file that is one hole takes %d blocks", st.Blocks)
	}
	value := make([]byte, 16)
	for name, want := range map[string]string{"/big": "red", "/a": "blue"} {
		if n, err := unix.Getxattr(s.Dir+name, "user.colour", value); err != nil || string(value[:n]) != want {
			t.Errorf("%s: attribute %q, %v", name, value[:max(n, 0)], err)
		}
	}
	if _, err := unix.Getxattr(s.Dir+"/a", "user.overlay.opaque", value); err != unix.ENODATA {
		t.Errorf("an attribute of overlayfs was copied: %v", err)
	}
}

func TestTakeUnderAPolicy(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"/.env", "/src/main.go", "/src/view.txt", "/keys/id", "/keys/public/a.md"} {
		put(t, w.source+name, "content of "+name)
	}
	must(t, unix.Mkfifo(w.source+"/keys/fifo", 0o644))
	s := w.take(w.policy(rule("**", fsguard.Read, 0), rule("/.env", fsguard.None, 1), rule("/keys/**", fsguard.None, 1),
		rule("/keys/public/**", fsguard.Read, 2), rule("/src/view.txt", fsguard.View, 1), rule("/out/x/**", fsguard.Write, 0)))
	want := []string{"/", "/keys", "/keys/public", "/keys/public/a.md", "/out", "/out/x", "/src", "/src/main.go", "/src/view.txt"}
	if diff := cmp.Diff(want, paths(s.Tree)); diff != "" {
		t.Fatal(diff)
	}
	if e := s.Tree.Lookup("/src/view.txt"); e.Mode != 0 || e.Size != int64(len("content of /src/view.txt")) {
		t.Errorf("placeholder: %+v", e)
	}
	if got := skipped(s); len(got) != 0 {
		t.Errorf("skipped %q: what is hidden is not to be told", got)
	}
	if diff := cmp.Diff([]string{"/.env", "/keys/fifo", "/keys/id"}, s.Plan.Hidden); diff != "" {
		t.Error(diff)
	}
}

func TestViewOnlyHoldsNoContent(t *testing.T) {
	w := newWorld(t)
	put(t, w.source+"/file", "content")
	s := w.take(w.policy(rule("**", fsguard.View, 0)))
	var st unix.Stat_t
	must(t, unix.Stat(s.Dir+"/file", &st))
	if st.Blocks != 0 || st.Size != 7 || st.Mode&0o777 != 0 {
		t.Errorf("%d blocks, %d bytes, mode %o", st.Blocks, st.Size, st.Mode)
	}
}

func TestUnchangedIsTheSame(t *testing.T) {
	w := newWorld(t)
	put(t, w.source+"/src/a", "a")
	put(t, w.source+"/.git/index", "1")
	w.settle()
	policy := w.policy(rule("**", fsguard.Read, 0), rule("/.git/**", fsguard.None, 1))
	first := w.take(policy)
	if again := w.take(policy); again != first {
		t.Error("nothing changed, but the snapshot is another")
	}
	put(t, w.source+"/.git/index", "22")
	if again := w.take(policy); again != first {
		t.Error("a hidden file changed, and the snapshot is another")
	}
	put(t, w.source+"/src/a", "b")
	if again := w.take(policy); again == first {
		t.Error("a file changed, but the snapshot is the same")
	}
}

func TestAChangeCopiesNoMoreThanItself(t *testing.T) {
	w := newWorld(t)
	put(t, w.source+"/dir/same", "same")
	put(t, w.source+"/dir/changes", "one")
	put(t, w.source+"/goes", "")
	w.settle()
	first := w.take(nil)
	put(t, w.source+"/dir/changes", "two")
	put(t, w.source+"/dir/new", "new")
	must(t, os.Remove(w.source+"/goes"))
	w.settle()
	second := w.take(nil)
	if first == second {
		t.Fatal("the same snapshot")
	}
	if inode(t, first.Dir+"/dir/same") != inode(t, second.Dir+"/dir/same") {
		t.Error("an unchanged file was copied")
	}
	for name, want := range map[string][2]string{"dir/changes": {"one", "two"}, "dir/same": {"same", "same"}} {
		for i, s := range []*snapshot.Snapshot{first, second} {
			if got, err := os.ReadFile(filepath.Join(s.Dir, name)); err != nil || string(got) != want[i] {
				t.Errorf("snapshot %d, %s: %q, %v, want %q", i+1, name, got, err, want[i])
			}
		}
	}
	if diff := cmp.Diff([]string{"/", "/dir", "/dir/changes", "/dir/new", "/dir/same"}, paths(second.Tree)); diff != "" {
		t.Error(diff)
	}
}

func TestPlaceholderIsNoContent(t *testing.T) {
	w := newWorld(t)
	put(t, w.source+"/file", "content")
	put(t, w.source+"/other", "other")
	w.settle()
	read := w.policy(rule("**", fsguard.Read, 0))
	view := w.policy(rule("**", fsguard.Read, 0), rule("/file", fsguard.View, 1))
	first, second := w.take(read), w.take(view)
	third := w.take(nil)
	for i, s := range []*snapshot.Snapshot{first, second, third} {
		mode := fs.FileMode(0o644)
		if s == second {
			mode = 0
		}
		info, err := os.Stat(s.Dir + "/file")
		must(t, err)
		if info.Mode() != mode {
			t.Errorf("snapshot %d: mode %v", i+1, info.Mode())
		}
		if inode(t, s.Dir+"/other") != inode(t, first.Dir+"/other") {
			t.Errorf("snapshot %d copied what another policy's had", i+1)
		}
	}
	if got, err := os.ReadFile(third.Dir + "/file"); err != nil || string(got) != "content" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestRacyFileIsCopiedAgain(t *testing.T) {
	w := newWorld(t)
	put(t, w.source+"/old", "old")
	w.settle()
	put(t, w.source+"/racy", "one")
	listing := w.list()
	listing.Listed = listing.Lookup("/racy").ChangeTime // at once, however long it took
	first, err := w.store.Take(w.Context(), listing, nil)
	must(t, err)
	// The same times and size, as within one tick of the clock.
	second, err := w.store.Take(w.Context(), listing, nil)
	must(t, err)
	if first == second || inode(t, first.Dir+"/racy") == inode(t, second.Dir+"/racy") {
		t.Error("a file that had just changed was not copied again")
	}
	if inode(t, first.Dir+"/old") != inode(t, second.Dir+"/old") {
		t.Error("an old file was copied again")
	}
}

func TestFileThatKeepsChanging(t *testing.T) {
	for try := range 20 {
		if takeWhileWritten(t) {
			return
		}
		t.Logf("try %d: the writer was not there all the time", try)
	}
	t.Error("what keeps changing is no error")
}

// takeWhileWritten reports whether a snapshot failed since a file was written to, as often
// as the writer had a CPU.
func takeWhileWritten(t *testing.T) bool {
	t.Helper()
	w := newWorld(t)
	put(t, w.source+"/log", strings.Repeat("x", 32<<20))
	var stop atomic.Bool
	var writer sync.WaitGroup
	begun := make(chan struct{})
	writer.Go(func() {
		begin := sync.OnceFunc(func() { close(begun) })
		defer begin()
		f, err := os.OpenFile(w.source+"/log", os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		for !stop.Load() {
			_, _ = f.WriteString("y")
			begin()
		}
	})
	<-begun
	_, err := w.store.Take(w.Context(), w.list(), nil)
	stop.Store(true)
	writer.Wait()
	if err == nil {
		return false
	}
	var named *fs.PathError
	if !errors.Is(err, snapshot.ErrChanged) || !errors.As(err, &named) || named.Path != "/log" {
		t.Errorf("%v, want ErrChanged of /log", err)
	}
	if entries, _ := os.ReadDir(w.dir); len(entries) != 0 {
		t.Errorf("left behind: %v", entries)
	}
	return true
}

func TestUnreadableIsSkipped(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root reads everything")
	}
	w := newWorld(t)
	put(t, w.source+"/closed", "x")
	put(t, w.source+"/dir/file", "x")
	put(t, w.source+"/open", "x")
	must(t, os.Chmod(w.source+"/closed", 0))
	must(t, os.Chmod(w.source+"/dir", 0))
	w.settle()
	s := w.take(nil)
	if diff := cmp.Diff([]string{"/closed", "/dir"}, skipped(s)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"/", "/dir", "/open"}, paths(s.Tree)); diff != "" {
		t.Error(diff)
	}
	if w.take(nil) != s {
		t.Error("nothing changed, but the snapshot is another")
	}
}

func TestLinksAreNotFollowed(t *testing.T) {
	w := newWorld(t)
	outside := t.TempDir()
	put(t, outside+"/secret", "secret")
	put(t, w.source+"/dir/secret", "mine")
	listing := w.list()
	must(t, os.RemoveAll(w.source+"/dir"))
	must(t, os.Symlink(outside, w.source+"/dir"))
	s, err := w.store.Take(w.Context(), listing, nil)
	must(t, err)
	if _, err := os.Lstat(s.Dir + "/dir/secret"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("copied through a link: %v", err)
	}
	if diff := cmp.Diff([]string{"/dir/secret"}, skipped(s)); diff != "" {
		t.Error(diff)
	}
}

func TestConcurrentTakesCopyOnce(t *testing.T) {
	w := newWorld(t)
	for i := range 200 {
		put(t, fmt.Sprintf("%s/d%d/f%d", w.source, i%7, i), "x")
	}
	w.settle()
	listing := w.list()
	got := make([]*snapshot.Snapshot, 8)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() {
			s, err := w.store.Take(context.Background(), listing, nil)
			if err != nil {
				t.Error(err)
			}
			got[i] = s
		})
	}
	wg.Wait()
	for _, s := range got {
		if s != got[0] {
			t.Error("two snapshots of one state")
		}
		w.store.Release(s)
	}
}

func TestRetention(t *testing.T) {
	w := newWorld(t)
	put(t, w.source+"/file", "x")
	w.settle()
	used := w.take(nil)
	for i := range 30 {
		w.store.Release(w.take(w.policy(rule("**", fsguard.Read, i))))
	}
	must(t, w.store.Close())
	if entries, _ := os.ReadDir(w.dir); len(entries) != 17 {
		t.Errorf("%d snapshots on disk, want 16 unused ones and the one in use", len(entries))
	}
	put(t, w.source+"/file", "y")
	next := w.take(nil)
	if _, err := os.Stat(used.Dir); err != nil {
		t.Error("in use, but gone: ", err)
	}
	w.store.Release(used)
	w.store.Release(used)
	must(t, w.store.Close())
	if _, err := os.Stat(used.Dir); err == nil {
		t.Error("superseded and unused, but still there")
	}
	if _, err := os.Stat(next.Dir); err != nil {
		t.Error(err)
	}
}

func TestLoadAndSweep(t *testing.T) {
	w := newWorld(t)
	put(t, w.source+"/file", "x")
	one := w.take(nil)
	put(t, w.source+"/file", "yy")
	two := w.take(nil)
	must(t, os.Mkdir(w.dir+"/.tmp-left", 0o700))

	store, err := snapshot.Open(w.dir, owner())
	must(t, err)
	if _, err := os.Stat(w.dir + "/.tmp-left"); err == nil {
		t.Error("an unfinished snapshot is still there")
	}
	got, err := store.Load(one.ID)
	must(t, err)
	if again, err := store.Load(one.ID); again != got || err != nil || got.Dir != one.Dir {
		t.Error(again, got, err)
	}
	must(t, store.Sweep())
	if _, err := os.Stat(two.Dir); err == nil {
		t.Error("not swept")
	}
	for _, id := range []string{two.ID, "../store", ".", ""} {
		if _, err := store.Load(id); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Load(%q): %v", id, err)
		}
	}
	store.Release(got)
	must(t, store.Close())
	if _, err := os.Stat(one.Dir); err != nil {
		t.Error("removed, but somebody uses it")
	}
	store.Release(got)
	must(t, store.Close())
	if _, err := os.Stat(one.Dir); err == nil {
		t.Error("released, but still there")
	}
}

func TestDeepSource(t *testing.T) {
	w := newWorld(t)
	fd, err := unix.Open(w.source, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	must(t, err)
	const depth = 300
	for range depth {
		must(t, unix.Mkdirat(fd, strings.Repeat("d", 40), 0o755))
		next, err := unix.Openat(fd, strings.Repeat("d", 40), unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		must(t, err)
		unix.Close(fd)
		fd = next
	}
	file, err := unix.Openat(fd, "file", unix.O_CREAT|unix.O_CLOEXEC, 0o644)
	must(t, err)
	unix.Close(file)
	unix.Close(fd)
	if s := w.take(nil); len(s.Tree.Entries) != depth+2 {
		t.Errorf("%d entries", len(s.Tree.Entries))
	}
}

func TestTakeIsCancelled(t *testing.T) {
	w := newWorld(t)
	put(t, w.source+"/file", "x")
	listing := w.list()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := w.store.Take(ctx, listing, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if entries, _ := os.ReadDir(w.dir); len(entries) != 0 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestHidden(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"/a/.env", "/a/odd\n\xff.key", "/b"} {
		put(t, w.source+name, "x")
	}
	s := w.take(w.policy(rule("**", fsguard.Read, 0), rule("**/.env", fsguard.None, 1), rule("**/*.key", fsguard.None, 1)))
	store, err := snapshot.Open(w.dir, owner())
	must(t, err)
	again, err := store.Load(s.ID)
	must(t, err)
	hidden, err := again.Hidden()
	must(t, err)
	if diff := cmp.Diff(s.Plan.Hidden, hidden); diff != "" {
		t.Error(diff)
	}
	store.Release(again)
	must(t, store.Close())
}
