// SPDX-License-Identifier: MIT

package commit_test

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/commit"
	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// files are a tree by path: "text" is a file, "->x" a link, "/" a directory.
// "0600 text" and "0700 /" have these permissions.
type files map[string]string

// tb is what testing.T and rapid.T have in common.
type tb interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func must(t tb, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func build(t tb, dir string, f files) {
	t.Helper()
	must(t, os.MkdirAll(dir, 0o755))
	var perms []func() error // last, since they may close directories to an ordinary user
	for _, path := range slices.Sorted(maps.Keys(f)) {
		name, what := dir+"/"+path, f[path]
		perm := fs.FileMode(0)
		if len(what) > 5 && what[0] == '0' && what[4] == ' ' {
			var bits uint32
			fmt.Sscanf(what[:4], "%o", &bits)
			perm, what = fs.FileMode(bits), what[5:]
		}
		must(t, os.MkdirAll(filepath.Dir(name), 0o755))
		switch {
		case strings.HasPrefix(what, "->"):
			must(t, os.Symlink(what[2:], name))
			continue
		case what == "/":
			must(t, os.MkdirAll(name, 0o755))
		default:
			must(t, os.WriteFile(name, []byte(what), 0o644))
		}
		if perm != 0 {
			perms = append(perms, func() error { return os.Chmod(name, perm) })
		}
	}
	for _, perm := range slices.Backward(perms) {
		must(t, perm())
	}
}

// scan describes all that a directory holds.
func scan(t tb, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	must(t, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text := info.Mode().String()
		switch {
		case info.Mode().IsRegular():
			b, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			text += " " + string(b)
		case info.Mode()&fs.ModeSymlink != 0:
			to, err := os.Readlink(name)
			if err != nil {
				return err
			}
			text += " " + to
		}
		found["/"+strings.TrimPrefix(strings.TrimPrefix(name, dir), "/")] = text
		return nil
	}))
	return found
}

func copyTree(t tb, from, to string) {
	t.Helper()
	var perms []func() error
	must(t, filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		dst := to + strings.TrimPrefix(name, from)
		switch {
		case d.IsDir():
			perms = append(perms, func() error { return os.Chmod(dst, info.Mode()) })
			return os.MkdirAll(dst, 0o755)
		case info.Mode()&fs.ModeSymlink != 0:
			text, err := os.Readlink(name)
			if err != nil {
				return err
			}
			return os.Symlink(text, dst)
		case !info.Mode().IsRegular():
			return unix.Mknod(dst, unix.S_IFIFO|0o644, 0)
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(dst, b, 0o644); err != nil {
			return err
		}
		if err := os.Chmod(dst, info.Mode()); err != nil {
			return err
		}
		return os.Chtimes(dst, info.ModTime(), info.ModTime())
	}))
	for _, perm := range slices.Backward(perms) {
		must(t, perm())
	}
}

// overlay makes the layer that turns lower into after.
func overlay(t tb, lower, after, upper string) {
	t.Helper()
	info, err := os.Lstat(after)
	must(t, err)
	must(t, os.MkdirAll(upper, 0o755))
	defer func() { must(t, os.Chmod(upper, info.Mode())) }()
	was, is := list(t, lower), list(t, after)
	for name := range was {
		if _, ok := is[name]; !ok {
			must(t, unix.Mknod(upper+"/"+name, unix.S_IFCHR, 0))
		}
	}
	for name, mode := range is {
		old, ok := was[name]
		switch {
		case ok && old.IsDir() && mode.IsDir():
			overlay(t, lower+"/"+name, after+"/"+name, upper+"/"+name)
		case ok && cmp.Equal(scan(t, lower+"/"+name), scan(t, after+"/"+name)):
		default:
			copyTree(t, after+"/"+name, upper+"/"+name)
		}
	}
}

func list(t tb, dir string) map[string]fs.FileMode {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	names := map[string]fs.FileMode{}
	for _, e := range entries {
		names[e.Name()] = e.Type()
	}
	return names
}

// world is a target, the copy that a sandbox began with, and its layer.
type world struct {
	target, lower, after, upper string
	journal                     *memory
}

// newWorld has the sandbox turn one tree into another.
func newWorld(t tb, dir string, before, after files) *world {
	t.Helper()
	w := &world{dir + "/target", dir + "/lower", dir + "/after", dir + "/upper", &memory{entries: map[string][]byte{}}}
	build(t, w.lower, before)
	copyTree(t, w.lower, w.target)
	build(t, w.after, after)
	overlay(t, w.lower, w.after, w.upper)
	return w
}

func (w *world) changes(t tb) []delta.Change {
	t.Helper()
	c, err := delta.Changes(delta.Layers{Upper: w.upper, Lower: []string{w.lower}})
	must(t, err)
	return c
}

func (w *world) request(t tb) (commit.Request, func()) {
	t.Helper()
	layers, err := commit.OpenLayers(delta.Layers{Upper: w.upper, Lower: []string{w.lower}})
	must(t, err)
	return commit.Request{
		Target: w.target, Upper: w.upper, Changes: w.changes(t), Base: layers, Journal: w.journal,
	}, layers.Close
}

func (w *world) commit(t tb, opts commit.Options) (*commit.Report, error) {
	t.Helper()
	req, done := w.request(t)
	defer done()
	return commit.Run(context.Background(), req, opts)
}

// clean fails when something was left of a commit.
func (w *world) clean(t tb) {
	t.Helper()
	for path := range scan(t, w.target) {
		if strings.Contains(path, "/"+commit.StagingPrefix) {
			t.Fatalf("%s is left", path)
		}
	}
	if len(w.journal.entries) != 0 {
		t.Fatalf("the journal has %d entries", len(w.journal.entries))
	}
}

func (w *world) same(t tb, dir string) {
	t.Helper()
	if d := cmp.Diff(scan(t, dir), scan(t, w.target)); d != "" {
		t.Fatalf("-want +target:\n%s", d)
	}
}

// memory is a journal in memory.
type memory struct {
	mu      sync.Mutex
	entries map[string][]byte
	fault   func(call string) error
}

func (m *memory) do(call string, f func()) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fault != nil {
		if err := m.fault(call); err != nil {
			return err
		}
	}
	f()
	return nil
}

func (m *memory) Put(id string, entry []byte) error {
	return m.do("put", func() { m.entries[id] = slices.Clone(entry) })
}

func (m *memory) Delete(id string) error {
	return m.do("delete", func() { delete(m.entries, id) })
}

func (m *memory) All() (map[string][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.entries), nil
}

// paths are those of items, with their reasons.
func paths(items []commit.Item) map[string]string {
	m := map[string]string{}
	for _, i := range items {
		m[i.Path] = i.Reason
	}
	return m
}

func expect(t *testing.T, what string, items []commit.Item, want files) {
	t.Helper()
	if d := cmp.Diff(map[string]string(want), paths(items)); d != "" && len(want)+len(items) > 0 {
		t.Errorf("%s: -want +got:\n%s", what, d)
	}
}

// memoryDir is a temporary directory that is quick to sync, if there is one.
func memoryDir(t testing.TB) string {
	t.Helper()
	return temporary(t, "/dev/shm")
}

// diskDir is one that has holes and attributes.
func diskDir(t testing.TB) string {
	t.Helper()
	return temporary(t, "")
}

// temporary makes a directory that is removed even when something in it is
// closed to its owner.
func temporary(t testing.TB, in string) string {
	t.Helper()
	dir, err := os.MkdirTemp(in, "commit-test-")
	if err != nil {
		dir, err = os.MkdirTemp("", "commit-test-")
	}
	must(t, err)
	t.Cleanup(func() { must(t, tree.Remove(dir)) })
	return dir
}
