// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"archive/tar"
	"bufio"
	"bytes"
	crand "crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox"
)

// crashSource is what is imported: all of it is there, or nothing.
var crashSource = map[string]string{"a": "1", "b/c": "2", "b/d/e": "3", "f": "-> a"}

// TestKilledAtRandom kills a process in the middle of whatever it does with a
// state directory, again and again, and looks each time at what the next one
// finds. SANDBOX_TEST_SEED repeats a run, SANDBOX_TEST_ROUNDS makes it longer.
func TestKilledAtRandom(t *testing.T) {
	const variable = "SANDBOX_TEST_CRASH"
	if plan := os.Getenv(variable); plan != "" {
		check(t, runCrashChild(plan))
		return
	}
	t.Parallel()
	rounds, seed := 200, uint64(time.Now().UnixNano())
	if n, err := strconv.Atoi(os.Getenv("SANDBOX_TEST_ROUNDS")); err == nil {
		rounds = n
	} else if testing.Short() {
		rounds = 20
	}
	if n, err := strconv.ParseUint(os.Getenv("SANDBOX_TEST_SEED"), 10, 64); err == nil {
		seed = n
	}
	t.Logf("SANDBOX_TEST_SEED=%d", seed)
	const workers = 4
	for i := range workers {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			w := newCrashWorld(t, variable, rand.New(rand.NewPCG(seed, uint64(i))))
			for n := range (rounds + workers - 1 - i) / workers {
				if w.round(); t.Failed() {
					t.Fatalf("in round %d of seed %d, after %s", n, seed, w.last())
				}
			}
			w.end()
			t.Logf("%d steps were told, %v", len(w.log), w.counts())
		})
	}
}

// crashWorld is a state directory with what is known of it.
type crashWorld struct {
	*testing.T
	crashPlan
	variable string
	rand     *rand.Rand
	log      []crashStep
	underway map[int]crashStep // by lane
	sessions []string
}

func newCrashWorld(t *testing.T, variable string, r *rand.Rand) *crashWorld {
	w := &crashWorld{T: t, variable: variable, rand: r}
	w.StateDir, w.Source, w.Word = t.TempDir(), project(t, crashSource), "crash-"+crand.Text()
	m := w.open()
	for i := range 3 {
		cb, err := m.CreateCodebase(t.Context(), sandbox.CreateCodebaseRequest{OwnerID: "lane"})
		check(t, err)
		dir := project(t, map[string]string{"hidden": "secret", "d/": ""})
		w.Lanes = append(w.Lanes, &lane{
			N: i, Codebase: cb.ID, Dir: dir, Exported: files{}, Target: files{},
			Boxes: map[string]*box{}, Imported: map[string]bool{}, Unsure: map[string]bool{},
		})
	}
	check(t, m.Close())
	return w
}

func (w *crashWorld) open() *sandbox.Manager {
	w.Helper()
	m, err := sandbox.NewManager(sandbox.Config{StateDir: w.StateDir})
	check(w, err)
	return m
}

func (w *crashWorld) last() string {
	text, _ := json.Marshal(w.log[max(0, len(w.log)-12):])
	return string(text)
}

// counts says how often each thing was done.
func (w *crashWorld) counts() map[string]int {
	n := map[string]int{}
	for _, s := range w.log {
		if s.Done {
			n[s.Op]++
		}
	}
	return n
}

// round lets a child work for a moment, kills it, and looks at what it has left.
func (w *crashWorld) round() {
	w.Seed = w.rand.Uint64()
	plan, err := json.Marshal(w.crashPlan)
	check(w, err)
	var errs bytes.Buffer
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestKilledAtRandom$")
	cmd.Env = append(os.Environ(), w.variable+"="+string(plan))
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	check(w, err)
	check(w, cmd.Start())
	w.listen(cmd, out)
	_ = cmd.Wait()
	if errs.Len() > 0 {
		w.Errorf("the child says %s", errs.Bytes())
	}
	w.inspect()
}

// listen notes what the child says, until it is killed.
func (w *crashWorld) listen(cmd *exec.Cmd, out io.Reader) {
	lines := bufio.NewScanner(out)
	kill := func(after time.Duration) {
		time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	}
	if w.rand.IntN(10) == 0 {
		kill(time.Duration(w.rand.IntN(100)) * time.Millisecond) // while it opens the directory
	}
	after := time.Duration(w.rand.IntN(250_000)) * time.Microsecond
	w.underway = map[int]crashStep{}
	for lines.Scan() {
		var s crashStep
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			w.Errorf("the child says %s", lines.Bytes())
			continue
		}
		w.log = append(w.log, s)
		switch {
		case s.Op == "ready":
			kill(after)
		case s.Err != "":
			w.Errorf("%+v", s)
		case !s.Done:
			w.underway[s.Lane] = s
		default:
			w.Lanes[s.Lane].apply(s)
			delete(w.underway, s.Lane)
			if s.Op == "linger" {
				w.sessions = append(w.sessions, s.Made)
			}
		}
	}
}

// inspect opens the state directory and compares.
func (w *crashWorld) inspect() {
	eventually(w, "the processes of a dead child are gone", func() bool { return len(marked(w.Word)) == 0 })
	m := w.open()
	defer func() { check(w, m.Close()) }()
	known := map[string]bool{}
	for i, l := range w.Lanes {
		v := &crashView{crashWorld: w, m: m, lane: l}
		if s, ok := w.underway[i]; ok {
			l.Serial = max(l.Serial, s.Serial)
			v.step = s
		}
		v.compare()
		for id := range l.Boxes {
			known[id] = true
		}
	}
	for _, id := range w.sessions {
		_, err := m.GetSession(w.Context(), id)
		wantError(w, err, sandbox.ErrSessionNotFound)
	}
	w.sessions = nil
	w.tidy(known)
}

// tidy looks for what belongs to nobody.
func (w *crashWorld) tidy(known map[string]bool) {
	w.Helper()
	for _, name := range dirNames(w, filepath.Join(w.StateDir, "deltas")) {
		if !known[name] {
			w.Errorf("%s is in deltas, and no sandbox", name)
		}
	}
	eventually(w, "the trash is empty", func() bool { return len(dirNames(w, filepath.Join(w.StateDir, "trash"))) == 0 })
	snaps := 0
	for _, l := range w.Lanes {
		for _, b := range l.Boxes {
			if b.Local {
				snaps++
			}
		}
	}
	if names := dirNames(w, filepath.Join(w.StateDir, "snapshots")); len(names) > snaps {
		w.Errorf("snapshots %q of %d sandboxes", names, snaps)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	check(w, err)
	if bytes.Contains(mounts, []byte(w.StateDir)) {
		w.Error("something is mounted")
	}
}

func dirNames(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	check(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// end destroys all, and looks whether nothing is left.
func (w *crashWorld) end() {
	m := w.open()
	for _, l := range w.Lanes {
		for id := range l.Boxes {
			check(w, m.DestroySandbox(w.Context(), id))
		}
		l.Boxes = map[string]*box{}
	}
	check(w, m.Close())
	w.tidy(nil)
}

// crashView compares one lane with what is there. A step that was under way may
// have been done or not.
type crashView struct {
	*crashWorld
	m    *sandbox.Manager
	lane *lane
	step crashStep
}

func (v *crashView) errorf(format string, args ...any) {
	v.Helper()
	v.Errorf("lane %d, with %+v under way: %s", v.lane.N, v.step, fmt.Sprintf(format, args...))
}

func (v *crashView) compare() {
	v.imports()
	before := v.lane.clone()
	after := v.lane.clone()
	if v.step.Op != "" && v.step.Op != "import" && v.step.Op != "delete" {
		v.findMade(after)
	}
	v.lane.Unsure = after.Unsure
	v.codebase(before, after)
	v.target(before, after)
	v.boxes(before, after)
	v.look()
}

// imports compares the codebases that were imported.
func (v *crashView) imports() {
	page, err := v.m.ListCodebases(v.Context(), sandbox.ListCodebasesRequest{OwnerID: "imports-" + strconv.Itoa(v.lane.N), PageSize: 1000})
	check(v, err)
	found := map[string]bool{}
	for _, c := range page.Codebases {
		found[c.ID] = true
		if c.FileCount != len(crashSource) && c.FileCount != 3 {
			v.errorf("imported codebase %+v is not whole", c)
		}
		if !v.lane.Imported[c.ID] && v.step.Op != "import" {
			v.errorf("codebase %s is there", c.ID)
		}
	}
	for id := range v.lane.Imported {
		if !found[id] && (v.step.Op != "delete" || v.step.Made != id) {
			v.errorf("imported codebase %s is lost", id)
		}
	}
	v.lane.Imported = found
}

// findMade applies the step that was under way, with the id of what it made.
func (v *crashView) findMade(after *lane) {
	s := v.step
	switch s.Op {
	case "create", "create of directory", "create of snapshot", "fork":
		page, err := v.m.ListSandboxes(v.Context(), sandbox.ListSandboxesRequest{Labels: map[string]string{"lane": strconv.Itoa(s.Lane), "serial": strconv.Itoa(s.Serial)}})
		check(v, err)
		if len(page.Sandboxes) == 0 {
			return
		}
		s.Made = page.Sandboxes[0].ID
	case "checkpoint":
		list, err := v.m.ListCheckpoints(v.Context(), s.Box)
		check(v, err)
		i := slices.IndexFunc(list, func(c sandbox.Checkpoint) bool { return c.Name == strconv.Itoa(s.Serial) })
		if i < 0 {
			return
		}
		s.Made = list[i].ID
	}
	after.apply(s)
}

// boxes compares the sandboxes.
func (v *crashView) boxes(before, after *lane) {
	page, err := v.m.ListSandboxes(v.Context(), sandbox.ListSandboxesRequest{Labels: map[string]string{"lane": strconv.Itoa(v.lane.N)}})
	check(v, err)
	there := map[string]*box{}
	for _, i := range page.Sandboxes {
		b, a := before.Boxes[i.ID], after.Boxes[i.ID]
		if a == nil {
			a = b
		}
		if b == nil {
			b = a
		}
		if b == nil {
			v.errorf("sandbox %s is there", i.ID)
			continue
		}
		if i.Status != sandbox.StatusStopped && i.Status != sandbox.StatusPending {
			v.errorf("sandbox %s is %s", i.ID, i.Status)
		}
		there[i.ID] = v.box(i.ID, b, a)
	}
	for id := range before.Boxes {
		if there[id] == nil && after.Boxes[id] != nil {
			v.errorf("sandbox %s is lost", id)
		}
	}
	v.lane.Boxes = there
}

// box compares one sandbox, by its changes, and returns what it is.
func (v *crashView) box(id string, before, after *box) *box {
	list, err := v.m.ListCheckpoints(v.Context(), id)
	check(v, err)
	changes, err := v.m.Changes(v.Context(), id)
	check(v, err)
	got := files{}
	for _, c := range changes {
		switch {
		case c.Kind == sandbox.Deleted && c.OldMode.IsDir(), c.Kind == sandbox.Deleted && c.Mode.IsDir(), c.Mode.IsDir():
		case c.Kind == sandbox.Deleted:
			got[c.Path] = gone
		default:
			got[c.Path] = int(c.Size) - crashSize(0)
		}
	}
	for _, b := range []*box{after, before} {
		c := b.clone()
		if v.step.Box == id && (v.step.Op == "commit" || v.step.Op == "destroy") {
			v.noteFolded(c, got)
		}
		if !maps.Equal(got, c.delta()) {
			continue
		}
		c.Kept = map[string]files{}
		for _, cp := range list {
			kept := before.Kept[cp.ID]
			if kept == nil {
				if kept = after.Kept[cp.ID]; kept == nil {
					v.errorf("checkpoint %s is there", cp.ID)
				}
			}
			c.Kept[cp.ID] = kept
		}
		for cp := range before.Kept {
			if c.Kept[cp] == nil && after.Kept[cp] != nil {
				v.errorf("checkpoint %s is lost", cp)
			}
		}
		return c
	}
	v.tell(id)
	v.errorf("sandbox %s has changed %v, and should have %v or %v", id, got, before.delta(), after.delta())
	return after
}

// noteFolded takes what the codebase or the directory has of a sandbox's changes, from a
// commit or a fold that was cut short, for no change any more, if the sandbox does: it
// notes one after the other.
func (v *crashView) noteFolded(b *box, got files) {
	for path, n := range b.delta() {
		origin := v.lane.Exported
		if b.Local {
			origin = v.lane.Target
		}
		have, ok := origin[path]
		if _, changed := got[path]; changed || ok != (n != gone) || ok && have != n {
			continue
		}
		if b.Base[path] = n; n == gone {
			delete(b.Base, path)
		}
	}
}

// tell prints what is known of a sandbox's past.
func (v *crashView) tell(id string) {
	var b strings.Builder
	for _, s := range v.log {
		if s.Op == "ready" || s.Lane == v.lane.N && (s.Done || s.Err != "") && (s.Box == id || s.Made == id || s.Op == "upload" || s.Op == "tar") {
			fmt.Fprintln(&b, s.Op, s.Path, s.Kept, s.Made, s.Serial)
		}
	}
	out, _ := exec.Command("find", filepath.Join(v.StateDir, "deltas", id), "-ls").CombinedOutput()
	v.Logf("%s%s", b.String(), out)
}

// delta is what the sandbox changed.
func (b *box) delta() files {
	d := files{}
	for path, n := range b.Upper {
		if have, ok := b.Base[path]; n == gone && ok || n != gone && (!ok || have != n) {
			d[path] = n
		}
	}
	return d
}

// codebase compares what the codebase holds.
func (v *crashView) codebase(before, after *lane) {
	var b bytes.Buffer
	check(v, v.m.ExportTar(v.Context(), v.lane.Codebase, &b))
	got := files{}
	for r := tar.NewReader(&b); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		check(v, err)
		if h.Typeflag != tar.TypeReg {
			continue
		}
		data, err := io.ReadAll(r)
		check(v, err)
		v.file(got, "/"+strings.TrimPrefix(h.Name, "./"), string(data))
	}
	v.lane.Exported = v.either("the codebase", got, before.Exported, after.Exported)
}

func (v *crashView) file(into files, path, data string) {
	v.Helper()
	name, serial, ok := whole(data)
	if !ok || name != path {
		v.errorf("%s is not whole: %.80q", path, data)
	}
	into[path] = serial
}

// either says which of two things something is.
func (v *crashView) either(what string, got, before, after files) files {
	v.Helper()
	sure := func(f files) files {
		f = maps.Clone(f)
		maps.DeleteFunc(f, func(path string, _ int) bool { return v.lane.Unsure[filepath.Dir(path)] })
		return f
	}
	if g := sure(got); !maps.Equal(g, sure(after)) && !maps.Equal(g, sure(before)) {
		v.errorf("%s is %v, and should be %v or %v", what, g, sure(before), sure(after))
	}
	return got
}

// target compares the directory.
func (v *crashView) target(before, after *lane) {
	got := files{}
	check(v, filepath.WalkDir(v.lane.Dir, func(path string, d fs.DirEntry, err error) error {
		name := strings.TrimPrefix(path, v.lane.Dir)
		if err != nil || d.IsDir() && (name == "" || name == "/d") || name == "/hidden" {
			return err
		}
		data, err := os.ReadFile(path)
		v.file(got, name, string(data))
		return err
	}))
	v.lane.Target = v.either("the directory", got, before.Target, after.Target)
}

// look starts one of the sandboxes and reads what it shows.
func (v *crashView) look() {
	ids := slices.Sorted(maps.Keys(v.lane.Boxes))
	if len(ids) == 0 || v.rand.IntN(2) == 0 {
		return
	}
	id := ids[v.rand.IntN(len(ids))]
	b := v.lane.Boxes[id]
	if _, err := v.m.StartSandbox(v.Context(), id); err != nil {
		v.errorf("starting %s: %v", id, err)
		return
	}
	got := files{}
	list, err := v.m.ListWorkspace(v.Context(), id, b.Name, true)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		v.errorf("listing %s: %v", id, err)
	}
	for _, f := range list {
		data, err := v.m.ReadFile(v.Context(), id, f.Path)
		check(v, err)
		v.file(got, f.Path, string(data))
	}
	want := b.shows()
	if b.Local {
		want = b.Upper.over(v.lane.Target) // the directory itself, or what it was
		if !maps.Equal(got, want) {
			want = b.shows()
		}
	}
	if !maps.Equal(got, want) {
		v.errorf("sandbox %s shows %v, and should show %v", id, got, want)
	}
}
