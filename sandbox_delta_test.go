// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox"
)

func download(t *testing.T, m *sandbox.Manager, id, name string) string {
	t.Helper()
	r, err := m.DownloadFile(t.Context(), id, name)
	if err != nil {
		return "error: " + err.Error()
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	check(t, err)
	return string(data)
}

func uploadFile(t *testing.T, m *sandbox.Manager, id, name, content string) {
	t.Helper()
	_, err := m.UploadFile(t.Context(), id, name, strings.NewReader(content), sandbox.UploadOptions{})
	check(t, err)
}

func paths(items []sandbox.CommitItem) string {
	var all []string
	for _, i := range items {
		all = append(all, i.Path)
	}
	return strings.Join(all, " ")
}

func TestUploadIsSeenAtOnce(t *testing.T) {
	t.Parallel()
	m, _ := manager(t)
	cb, err := m.ImportCodebase(t.Context(), project(t, sample))
	check(t, err)
	rules := sandbox.WithRules(sandbox.Rule{Pattern: "/**", Permission: sandbox.Write}, sandbox.Rule{Pattern: "**/*.view", Permission: sandbox.View, Priority: 1},
		sandbox.Rule{Pattern: "**/*.none", Permission: sandbox.None, Priority: 1}, sandbox.Rule{Pattern: "**/*.read", Permission: sandbox.Read, Priority: 1})
	sb, err := m.FromCodebase(t.Context(), cb.ID, rules)
	check(t, err)
	t.Cleanup(func() { check(t, sb.Close()) })
	ro, err := m.FromCodebase(t.Context(), cb.ID, sandbox.WithPreset("read-only"))
	check(t, err)
	t.Cleanup(func() { check(t, ro.Close()) })
	for _, name := range []string{"new/a.read", "new/b.write", "new/c.view", "new/d.none", "README.md"} {
		uploadFile(t, m, cb.ID, name, "uploaded "+name)
	}
	if got := must(t, sb, "cat README.md; ls new; cat new/a.read; stat -c %s new/c.view"); got != "uploaded README.mda.read\nb.write\nc.view\nuploaded new/a.read19" {
		t.Errorf("got %q", got)
	}
	mustNot(t, sb, "cat new/c.view")
	mustNot(t, sb, "cat new/d.none")
	if got := must(t, ro, "ls new; cat new/d.none"); got != "a.read\nb.write\nc.view\nd.none\nuploaded new/d.none" {
		t.Errorf("got %q", got)
	}
	wantChanges(t, sb)
	wantChanges(t, ro)
	must(t, sb, "echo mine > new/b.write; rm README.md")
	wantChanges(t, sb, "deleted /README.md", "modified /new/b.write")
	check(t, sb.Stop(t.Context()))
	uploadFile(t, m, cb.ID, "later", "x")
	wantChanges(t, sb, "deleted /README.md", "modified /new/b.write")
	check(t, sb.Start(t.Context()))
	if got := must(t, sb, "cat later new/b.write new/a.read; ls"); got != "xmine\nuploaded new/a.readdeploy.key\nlater\nlink\nnew\nsecrets\nsrc" {
		t.Errorf("got %q", got)
	}
	wantChanges(t, sb, "deleted /README.md", "modified /new/b.write")
	if got := download(t, m, cb.ID, "new/b.write"); got != "mine\n" {
		t.Errorf("got %q", got)
	}
	if got := download(t, m, cb.ID, "/README.md"); !strings.Contains(got, "error") {
		t.Errorf("got %q", got)
	}
}

// TestImportTarIsSeenAtOnce imports little and much, into a codebase that has files and into
// one that had none.
func TestImportTarIsSeenAtOnce(t *testing.T) {
	t.Parallel()
	rules := sandbox.WithRules(sandbox.Rule{Pattern: "/**", Permission: sandbox.Write},
		sandbox.Rule{Pattern: "**/*.view", Permission: sandbox.View, Priority: 1}, sandbox.Rule{Pattern: "**/*.none", Permission: sandbox.None, Priority: 1})
	for _, c := range []struct{ had, more int }{{0, 0}, {0, 500}, {3, 0}, {3, 500}} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			m, _ := manager(t)
			cb, err := m.CreateCodebase(t.Context(), sandbox.CreateCodebaseRequest{})
			check(t, err)
			for i := range c.had {
				uploadFile(t, m, cb.ID, fmt.Sprintf("had%d", i), "had")
			}
			sb, err := m.FromCodebase(t.Context(), cb.ID, rules)
			check(t, err)
			stopped, err := m.FromCodebase(t.Context(), cb.ID, rules)
			check(t, err)
			must(t, sb, "echo mine > a; echo mine > mine")
			check(t, stopped.Stop(t.Context()))
			var b bytes.Buffer
			w := tar.NewWriter(&b)
			for _, name := range []string{"a", "d/b.view", "d/c.none", "d/e"} {
				check(t, w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: 3}))
				_, err = w.Write([]byte("tar"))
				check(t, err)
			}
			check(t, w.WriteHeader(&tar.Header{Name: "link", Typeflag: tar.TypeSymlink, Linkname: "a"}))
			for i := range c.more {
				check(t, w.WriteHeader(&tar.Header{Name: fmt.Sprintf("more/%d", i), Mode: 0o644}))
			}
			check(t, w.Close())
			_, err = m.ImportTar(t.Context(), cb.ID, &b)
			check(t, err)
			check(t, stopped.Start(t.Context()))
			for _, sb := range []*sandbox.Sandbox{sb, stopped} {
				if got := must(t, sb, "cat a d/e link; ls d; ls more 2>/dev/null | wc -l"); got != fmt.Sprintf("tartartarb.view\ne\n%d", c.more) {
					t.Errorf("got %q", got)
				}
				mustNot(t, sb, "cat d/b.view")
			}
			wantChanges(t, sb, "added /mine")
			wantChanges(t, stopped)
			check(t, sb.Destroy(t.Context()))
			if got := download(t, m, cb.ID, "mine") + download(t, m, cb.ID, "a"); got != "mine\ntar" {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	m, _ := manager(t)
	cb, err := m.ImportCodebase(t.Context(), project(t, sample))
	check(t, err)
	one, err := m.FromCodebase(t.Context(), cb.ID, everything)
	check(t, err)
	two, err := m.FromCodebase(t.Context(), cb.ID, everything)
	check(t, err)
	must(t, one, "echo one > both; echo one > a; rm README.md; mkfifo fifo; ln -s a alias")
	must(t, two, "echo two > both; cat README.md; ! ls a")
	if got := download(t, m, cb.ID, "both"); got != "two\n" {
		t.Errorf("got %q", got)
	}
	check(t, one.Close())
	if got := download(t, m, cb.ID, "both"); got != "two\n" {
		t.Errorf("got %q", got)
	}
	three, err := m.FromCodebase(t.Context(), cb.ID, everything)
	check(t, err)
	if got := must(t, three, "cat both a alias; ls"); got != "one\none\none\na\nalias\nboth\ndeploy.key\nlink\nsecrets\nsrc" {
		t.Errorf("got %q", got)
	}
	check(t, two.Close())
	if got := download(t, m, cb.ID, "both"); got != "two\n" {
		t.Errorf("got %q", got)
	}
	check(t, three.Close())
	if got := download(t, m, cb.ID, "both"); got != "two\n" {
		t.Errorf("got %q", got)
	}
}

func TestCommit(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]sandbox.Option{
		"snapshot": {sandbox.WithPreset("development")}, "live": {sandbox.WithPreset("development"), sandbox.WithLive()}, "all": {everything},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := project(t, sample)
			m, _ := manager(t)
			sb := from(t, m, dir, opts...)
			must(t, sb, "echo a > a; echo b > b; mkdir d; echo c > d/c; rm src/main.py; chmod 755 README.md; ln -s /etc/passwd alias")
			const all = "added /a, added /alias, added /b, added /d, added /d/c, deleted /src/main.py, modified /README.md"
			report, err := sb.Commit(t.Context(), sandbox.CommitOptions{DryRun: true})
			check(t, err)
			if got := paths(report.Applied); got != "/README.md /a /alias /b /d /d/c /src/main.py" {
				t.Errorf("got %q", got)
			}
			wantChanges(t, sb, strings.Split(all, ", ")...)
			if _, err := os.Lstat(filepath.Join(dir, "a")); err == nil {
				t.Error("a dry run has made something")
			}
			report, err = sb.Commit(t.Context(), sandbox.CommitOptions{Paths: []string{"a", "/d", "src"}})
			check(t, err)
			if got := paths(report.Applied); got != "/a /d /d/c /src/main.py" {
				t.Errorf("got %q", got)
			}
			wantChanges(t, sb, "added /alias", "added /b", "modified /README.md")
			must(t, sb, "echo again > a")
			wantChanges(t, sb, "added /alias", "added /b", "modified /README.md", "modified /a")
			check(t, os.WriteFile(filepath.Join(dir, "b"), []byte("host"), 0o644))
			report, err = sb.Commit(t.Context(), sandbox.CommitOptions{})
			wantError(t, err, sandbox.ErrConflict)
			if got := paths(report.Conflicts); got != "/b" {
				t.Errorf("got %q", got)
			}
			report, err = sb.Commit(t.Context(), sandbox.CommitOptions{Partial: true})
			check(t, err)
			if got := paths(report.Applied); got != "/README.md /a /alias" {
				t.Errorf("got %q", got)
			}
			wantDir := func(name, want string) {
				t.Helper()
				if got, _ := os.ReadFile(filepath.Join(dir, name)); string(got) != want {
					t.Errorf("%s is %q", name, got)
				}
			}
			wantDir("a", "again\n")
			wantDir("b", "host")
			wantDir("d/c", "c\n")
			check(t, sb.Discard(t.Context()))
			wantChanges(t, sb)
			if got := must(t, sb, "cat a d/c; ls src; stat -c %a README.md; readlink alias"); got != "again\nc\nlib\n755\n/etc/passwd" {
				t.Errorf("got %q", got)
			}
		})
	}
}

// TestCommitMakesOutput commits what was written in directories that the sandbox
// was given by its rules, and that its source lacks.
func TestCommitMakesOutput(t *testing.T) {
	t.Parallel()
	deep := sandbox.WithRules(sandbox.Rule{Pattern: "/a/b/**", Permission: sandbox.Write})
	for name, opts := range map[string][]sandbox.Option{
		"snapshot": {sandbox.WithPreset("agent-safe"), deep}, "live": {sandbox.WithPreset("agent-safe"), deep, sandbox.WithLive()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := project(t, sample)
			m, _ := manager(t)
			sb := from(t, m, dir, opts...)
			must(t, sb, "echo x > output/x; mkdir output/d; echo y > a/b/y")
			wantChanges(t, sb, "added /a/b/y", "added /output/d", "added /output/x")
			report, err := sb.Commit(t.Context(), sandbox.CommitOptions{Paths: []string{"output/x", "a"}})
			check(t, err)
			if got := paths(report.Applied); got != "/a /a/b /a/b/y /output /output/x" {
				t.Errorf("got %q", got)
			}
			wantChanges(t, sb, "added /output/d")
			_, err = sb.Commit(t.Context(), sandbox.CommitOptions{})
			check(t, err)
			wantChanges(t, sb)
			if got := must(t, sb, "cat output/x a/b/y; ls output"); got != "x\ny\nd\nx" {
				t.Errorf("got %q", got)
			}
			if _, err := os.Lstat(filepath.Join(dir, "tmp")); err == nil {
				t.Error("a directory was made that nothing is in")
			}
			if name == "live" {
				return // the sandbox has it as soon as it is changed there
			}
			// What somebody has removed is not made again.
			must(t, sb, "echo z > output/d/z")
			check(t, os.RemoveAll(filepath.Join(dir, "output", "d")))
			_, err = sb.Commit(t.Context(), sandbox.CommitOptions{})
			wantError(t, err, sandbox.ErrConflict)
		})
	}
}

// TestListFilesOfOutput lists what was written in directories that the sandbox was
// given by its rules, and that its codebase lacks.
func TestListFilesOfOutput(t *testing.T) {
	t.Parallel()
	m, _ := manager(t)
	cb, err := m.ImportCodebase(t.Context(), project(t, map[string]string{"README.md": "x"}))
	check(t, err)
	sb, err := m.FromCodebase(t.Context(), cb.ID, sandbox.WithPreset("agent-safe"))
	check(t, err)
	must(t, sb, "mkdir -p output/a/b; echo x > output/a/b/c; echo y > tmp/y")
	list := func(dir string, recursive bool) string {
		files, err := m.ListFiles(t.Context(), cb.ID, dir, recursive)
		if err != nil {
			return "error: " + err.Error()
		}
		var all []string
		for _, f := range files {
			all = append(all, f.Path)
		}
		return strings.Join(all, " ")
	}
	for range 2 { // before it is in the codebase, and after
		for _, c := range []struct {
			dir       string
			recursive bool
			want      string
		}{
			{"", false, "/README.md /output /tmp"},
			{"", true, "/README.md /output /output/a /output/a/b /output/a/b/c /tmp /tmp/y"},
			{"output", false, "/output/a"},
			{"output", true, "/output/a /output/a/b /output/a/b/c"},
			{"tmp", false, "/tmp/y"},
		} {
			if got := list(c.dir, c.recursive); got != c.want {
				t.Errorf("%q, %v: got %q, want %q", c.dir, c.recursive, got, c.want)
			}
		}
		check(t, sb.Close())
	}
	if got := list("nothing", false); !strings.Contains(got, "error") {
		t.Errorf("got %q", got)
	}
}

func TestCommitToCodebase(t *testing.T) {
	t.Parallel()
	m, _ := manager(t)
	cb, err := m.ImportCodebase(t.Context(), project(t, sample))
	check(t, err)
	sb, err := m.FromCodebase(t.Context(), cb.ID, everything)
	check(t, err)
	t.Cleanup(func() { check(t, sb.Close()) })
	must(t, sb, "chmod 700 .")
	report, err := sb.Commit(t.Context(), sandbox.CommitOptions{})
	check(t, err)
	if got := paths(report.Skipped); got != "/" {
		t.Errorf("got %q", got)
	}
	must(t, sb, "chmod 755 .; echo a > a; echo b > b; rm README.md")
	report, err = sb.Commit(t.Context(), sandbox.CommitOptions{Paths: []string{"a", "README.md"}})
	check(t, err)
	if got := paths(report.Applied); got != "/README.md /a" {
		t.Errorf("got %q", got)
	}
	wantChanges(t, sb, "added /b")
	uploadFile(t, m, cb.ID, "b", "uploaded")
	if got := must(t, sb, "cat b"); got != "uploaded" {
		t.Errorf("got %q", got)
	}
	wantChanges(t, sb)
	other, err := m.FromCodebase(t.Context(), cb.ID, everything)
	check(t, err)
	must(t, other, "echo other > a")
	_, err = other.Commit(t.Context(), sandbox.CommitOptions{})
	check(t, err)
	must(t, sb, "echo mine > a; echo c > c")
	report, err = sb.Commit(t.Context(), sandbox.CommitOptions{})
	wantError(t, err, sandbox.ErrConflict)
	if got := paths(report.Conflicts) + ", " + paths(report.Applied); got != "/a, " {
		t.Errorf("got %q", got)
	}
	_, err = sb.Commit(t.Context(), sandbox.CommitOptions{Overwrite: true})
	check(t, err)
	wantChanges(t, sb)
	if got := download(t, m, cb.ID, "a"); got != "mine\n" {
		t.Errorf("got %q", got)
	}
	check(t, other.Close())
}

func TestForkAndCheckpoints(t *testing.T) {
	t.Parallel()
	m, _ := manager(t)
	sb := from(t, m, project(t, sample), sandbox.WithPreset("development"))
	must(t, sb, "echo 1 > a; rm README.md; mkdir -m 700 d; echo x > d/x; ln d/x d/y")
	before, err := sb.Checkpoint(t.Context(), "before")
	check(t, err)
	s, err := sb.Session(t.Context())
	check(t, err)
	fork, err := sb.Fork(t.Context(), sandbox.WithLabels(map[string]string{"is": "fork"}))
	check(t, err)
	t.Cleanup(func() { check(t, fork.Close()) })
	const state = "added /a, added /d, added /d/x, added /d/y, deleted /README.md"
	wantChanges(t, fork, strings.Split(state, ", ")...)
	must(t, sb, "echo 2 > a; rm -r d")
	if got := must(t, fork, "cat a d/y; ls; ! cat .env"); got != "1\nx\na\nd\nlink\nsrc" {
		t.Errorf("got %q", got)
	}
	wantError(t, sb.Restore(t.Context(), before.ID), sandbox.ErrSandboxBusy)
	wantError(t, sb.Discard(t.Context()), sandbox.ErrSandboxBusy)
	check(t, s.Close())
	wantError(t, sb.Restore(t.Context(), "cp_none"), sandbox.ErrCheckpointNotFound)
	for range 2 {
		check(t, sb.Restore(t.Context(), before.ID))
		wantChanges(t, sb, strings.Split(state, ", ")...)
		if got := must(t, sb, "cat a d/y; echo 3 > a; rm d/x"); got != "1\nx" {
			t.Errorf("got %q", got)
		}
	}
	list, err := sb.ListCheckpoints(t.Context())
	check(t, err)
	if len(list) != 1 || list[0].Name != "before" {
		t.Errorf("got %+v", list)
	}
	check(t, sb.DeleteCheckpoint(t.Context(), before.ID))
	wantError(t, sb.DeleteCheckpoint(t.Context(), before.ID), sandbox.ErrCheckpointNotFound)
	check(t, sb.Discard(t.Context()))
	wantChanges(t, sb)
	must(t, sb, "cat README.md")
}

func TestRestart(t *testing.T) {
	t.Parallel()
	m, stateDir := manager(t)
	dir := project(t, sample)
	cb, err := m.ImportCodebase(t.Context(), dir)
	check(t, err)
	made := map[string]*sandbox.Sandbox{
		"snapshot": from(t, m, dir, sandbox.WithPreset("development")),
		"live":     from(t, m, dir, sandbox.WithPreset("development"), sandbox.WithLive()),
	}
	made["codebase"], err = m.FromCodebase(t.Context(), cb.ID, sandbox.WithPreset("development"))
	check(t, err)
	cp := map[string]*sandbox.Checkpoint{}
	for name, sb := range made {
		must(t, sb, "echo x > a; rm README.md")
		cp[name], err = sb.Checkpoint(t.Context(), "")
		check(t, err)
		must(t, sb, "echo y > a")
	}
	uploadFile(t, m, cb.ID, "up", "loaded")
	pending := from(t, m, dir, sandbox.WithAutoStart(false))
	check(t, m.Close())
	again, err := sandbox.NewManager(sandbox.Config{StateDir: stateDir})
	check(t, err)
	t.Cleanup(func() { check(t, again.Close()) })
	page, err := again.ListSandboxes(t.Context(), sandbox.ListSandboxesRequest{})
	check(t, err)
	if len(page.Sandboxes) != 4 {
		t.Errorf("got %+v", page)
	}
	if i, err := again.GetSandbox(t.Context(), pending.ID()); err != nil || i.Status != sandbox.StatusPending {
		t.Errorf("got %+v, %v", i, err)
	}
	for name, old := range made {
		sb, err := again.Connect(t.Context(), old.ID())
		check(t, err)
		if i := infoOf(t, sb); i.Status != sandbox.StatusStopped || i.Stopped.IsZero() {
			t.Errorf("%s: got %+v", name, i)
		}
		wantChanges(t, sb, "added /a", "deleted /README.md")
		check(t, sb.Start(t.Context()))
		if got := must(t, sb, "cat a; ls src; ! cat .env"); got != "y\nlib\nmain.py" {
			t.Errorf("%s: got %q", name, got)
		}
		check(t, sb.Restore(t.Context(), cp[name].ID))
		if got := must(t, sb, "cat a"); got != "x" {
			t.Errorf("%s: got %q", name, got)
		}
		if name == "codebase" {
			if got := must(t, sb, "cat up"); got != "loaded" {
				t.Errorf("%s: got %q", name, got)
			}
			wantChanges(t, sb, "added /a", "deleted /README.md")
		}
		check(t, sb.Close())
		if _, err := again.Connect(t.Context(), old.ID()); !errors.Is(err, sandbox.ErrSandboxNotFound) {
			t.Errorf("got %v", err)
		}
	}
	check(t, again.DestroySandbox(t.Context(), pending.ID()))
	for _, place := range []string{"deltas", "trash", "snapshots"} {
		eventually(t, place+" is empty", func() bool {
			names, err := os.ReadDir(filepath.Join(stateDir, place))
			check(t, err)
			return len(names) == 0 || place == "snapshots" && len(names) <= 16
		})
	}
}
