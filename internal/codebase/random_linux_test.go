// SPDX-License-Identifier: MIT

package codebase_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sandbox-rls/sandbox/internal/codebase"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

var (
	names = rapid.SampledFrom([]string{"a", "b", "c", "a.b", "n\xff\n"})
	aPath = rapid.Custom(func(t *rapid.T) string {
		return "/" + strings.Join(rapid.SliceOfN(names, 1, 3).Draw(t, "path"), "/")
	})
	aText = rapid.SampledFrom([]string{"", "one", "two", "three"})
	aNode = rapid.Custom(func(t *rapid.T) node {
		n := node{mode: rapid.SampledFrom([]fs.FileMode{0o644, 0o755, fs.ModeDir | 0o755, fs.ModeDir | 0o700, fs.ModeSymlink | 0o777}).Draw(t, "mode")}
		if !n.mode.IsDir() {
			n.content = aText.Draw(t, "content") + "."
		}
		return n
	})
)

// sandbox is a checkout that is held, and what it showed at first.
type sandbox struct {
	name    string
	version uint64
	layers  []string
	shows   map[string]string
	drop    func()
}

// machine drives a store and the model alike.
type machine struct {
	*world
	t         *rapid.T
	m         *model
	sandboxes []*sandbox
}

func TestAgreesWithAModel(t *testing.T) {
	w := newWorld(t)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		id := fmt.Sprintf("cb%d", n)
		w.create(id)
		mc := &machine{world: w, t: rt, m: newModel()}
		defer func() {
			for _, s := range mc.sandboxes {
				s.drop()
			}
			must(t, w.store.Delete(t.Context(), id))
		}()
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			mc.step(id)
			mc.compare(id)
		}
		mc.start(id)
		for _, s := range mc.sandboxes {
			if diff := cmp.Diff(s.shows, shown(t, s.layers)); diff != "" {
				rt.Fatalf("%s changed:\n%s", s.name, diff)
			}
		}
	})
}

func (mc *machine) step(id string) {
	t, ctx := mc.t, mc.Context()
	switch rapid.SampledFrom([]string{"upload", "upload", "remove", "apply", "apply", "apply", "start", "start", "end", "reopen", "import"}).Draw(t, "step") {
	case "upload":
		path, content := aPath.Draw(t, "path"), aText.Draw(t, "text")
		_, err := mc.store.Write(ctx, id, path, strings.NewReader(content), codebase.WriteOptions{Size: -1})
		if ok := mc.m.upload(path, content); ok != (err == nil) {
			t.Fatalf("write %q: %v, want success: %v", path, err, ok)
		}
	case "remove":
		path := aPath.Draw(t, "path")
		err := mc.store.Remove(ctx, id, path)
		if ok := mc.m.remove(path); ok != (err == nil) {
			t.Fatalf("remove %q: %v, want success: %v", path, err, ok)
		}
	case "apply":
		mc.fold(id)
	case "start":
		mc.start(id)
	case "end":
		if n := len(mc.sandboxes); n > 0 {
			i := rapid.IntRange(0, n-1).Draw(t, "which")
			mc.sandboxes[i].drop()
			mc.sandboxes = append(mc.sandboxes[:i], mc.sandboxes[i+1:]...)
		}
	case "reopen":
		mc.restart()
	case "import":
		mc.bring(id)
	}
}

// fold applies what a sandbox changed.
func (mc *machine) fold(id string) {
	t := mc.t
	if len(mc.sandboxes) == 0 {
		return
	}
	base := rapid.SampledFrom(mc.sandboxes).Draw(t, "sandbox").version
	strict := rapid.Bool().Draw(t, "strict")
	var batch codebase.Batch
	var actions []action
	for range rapid.IntRange(1, 5).Draw(t, "items") {
		a := action{path: aPath.Draw(t, "path"), base: base, written: rapid.SampledFrom([]int64{0, 1, 2, 3}).Draw(t, "written")}
		if a.delete = rapid.IntRange(0, 3).Draw(t, "kind") == 0; !a.delete {
			a.node = aNode.Draw(t, "node")
		}
		actions = append(actions, a)
		batch.Items = append(batch.Items, a.item())
	}
	batch.Strict = strict
	batch.Partial = strict
	if _, err := mc.store.Apply(mc.Context(), id, batch); err != nil {
		t.Fatal(err)
	}
	mc.m.apply(actions, strict)
}

// start checks a version out and holds it.
func (mc *machine) start(id string) {
	c, err := mc.store.Checkout(mc.Context(), id)
	if err != nil {
		mc.t.Fatal(err)
	}
	mc.check(c)
	if c.Version != mc.m.version {
		mc.t.Fatalf("version %d, want %d", c.Version, mc.m.version)
	}
	mc.sandboxes = append(mc.sandboxes, &sandbox{c.Name, c.Version, c.Layers, shown(mc, c.Layers), c.Release})
}

// restart is a new process, which loads what the sandboxes need.
func (mc *machine) restart() {
	mc.reopen()
	for _, s := range mc.sandboxes {
		must(mc, mc.store.Hold(s.name))
	}
	must(mc, mc.store.Sweep(func(string) bool { return false }))
	for _, s := range mc.sandboxes {
		c, err := mc.store.Load(mc.Context(), s.name)
		must(mc, err)
		if diff := cmp.Diff(s.layers, c.Layers); diff != "" {
			mc.t.Fatal(diff)
		}
		if len(c.Tree.Entries) != len(s.shows)+1 {
			mc.t.Fatalf("%s lists %d files, want %d", s.name, len(c.Tree.Entries), len(s.shows)+1)
		}
		mc.store.Drop(s.name)
		s.drop = c.Release
	}
}

// bring imports a small directory.
func (mc *machine) bring(id string) {
	src, err := os.MkdirTemp(mc.base, "src")
	must(mc, err)
	defer os.RemoveAll(src)
	before := len(mc.m.files)
	var actions []action
	ok := true
	for range rapid.IntRange(1, 4).Draw(mc.t, "files") {
		path, content := aPath.Draw(mc.t, "path"), aText.Draw(mc.t, "text")
		if os.MkdirAll(filepath.Dir(src+path), 0o755) != nil || os.WriteFile(src+path, []byte(content), 0o600) != nil {
			continue
		}
	}
	listing, err := tree.List(mc.Context(), src)
	must(mc, err)
	for _, e := range listing.Entries {
		a := action{path: e.Path, node: node{mode: e.Mode}}
		if e.Mode.IsRegular() {
			b, err := os.ReadFile(src + e.Path)
			must(mc, err)
			a.node.content = string(b)
		}
		if old, there := mc.m.files[e.Path]; there && old.mode.IsDir() != e.Mode.IsDir() {
			ok = false
		}
		if _, blocked := mc.m.obstacle(e.Path); blocked {
			ok = false
		}
		if e.Path != "/" || before == 1 {
			actions = append(actions, a)
		}
	}
	_, err = mc.store.Import(mc.Context(), id, listing)
	if ok != (err == nil) {
		mc.t.Fatalf("import: %v, want success: %v", err, ok)
	}
	if !ok {
		return
	}
	for _, a := range actions {
		a.node.written = now
		mc.m.set(a.path, a.node)
	}
	mc.m.version++
}

// compare looks at the whole codebase.
func (mc *machine) compare(id string) {
	want := map[string]string{}
	for path, n := range mc.m.files {
		if path != "/" {
			want[path] = fmt.Sprint(n.mode, n.content)
		}
	}
	got := map[string]string{}
	for path, s := range mc.held(id) {
		got[path] = fmt.Sprint(s.Mode, s.Content)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		mc.t.Fatalf("-model +store:\n%s", diff)
	}
	if v := mc.info(id).Version; v != mc.m.version {
		mc.t.Fatalf("version %d, want %d", v, mc.m.version)
	}
}

func shown(t testing.TB, layers []string) map[string]string {
	all := map[string]string{}
	for path, s := range see(t, layers) {
		all[path] = fmt.Sprint(s.Mode, s.Content)
	}
	return all
}
