// SPDX-License-Identifier: MIT

package servicetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/sandbox-rls/sandbox"
)

func testFiles(w *world) {
	id := w.start(w.codebase(map[string]string{"a": "1", "secret/s": "2"}).ID)
	w.must(w.svc.WriteFile(w.ctx, id, "/new/dir/f", []byte("x\xff")))
	if got, err := w.svc.ReadFile(w.ctx, id, "/workspace/new/dir/f"); err != nil || string(got) != "x\xff" {
		w.Errorf("got %q, %v", got, err)
	}
	_, err := w.svc.ReadFile(w.ctx, id, "secret/s")
	w.want("a hidden file", err, fs.ErrNotExist)
	w.want("writing a hidden file", w.svc.WriteFile(w.ctx, id, "secret/s", nil), sandbox.ErrPermissionDenied)
	files, err := w.svc.ListWorkspace(w.ctx, id, "", true)
	w.must(err)
	if got := names(files); !slices.Equal(got, []string{"/a", "/new", "/new/dir", "/new/dir/f"}) || files[0].Permission != sandbox.Write {
		w.Errorf("listed %+v", files)
	}
}

func (w *world) changes(id string, want ...string) {
	w.Helper()
	list, err := w.svc.Changes(w.ctx, id)
	w.must(err)
	var got []string
	for _, c := range list {
		got = append(got, string(c.Kind)+" "+c.Path)
	}
	if !slices.Equal(got, want) {
		w.Errorf("changes: %q, want %q", got, want)
	}
}

func testDelta(w *world) {
	c := w.codebase(map[string]string{"a": "1\n", "b": "2\n", "c": "3\n"})
	id := w.start(c.ID)
	w.run(id, "echo x >> a; rm b; echo n > d")
	w.changes(id, "modified /a", "deleted /b", "added /d")
	var patch strings.Builder
	w.must(w.svc.Diff(w.ctx, id, &patch, sandbox.DiffOptions{Paths: []string{"a"}}))
	if !strings.Contains(patch.String(), "+x\n") || strings.Contains(patch.String(), "+n\n") {
		w.Errorf("patch: %s", patch.String())
	}
	kept, err := w.svc.CreateCheckpoint(w.ctx, id, "first")
	w.must(err)
	w.run(id, "echo later > e")
	fork, err := w.svc.Fork(w.ctx, id, sandbox.ForkRequest{Start: true, Labels: map[string]string{"a": "fork"}})
	w.must(err)
	if fork.Parent != id || fork.CodebaseID != c.ID || fork.Labels["a"] != "fork" || fork.Status != sandbox.StatusRunning {
		w.Errorf("fork: %+v", fork)
	}
	w.must(w.svc.Restore(w.ctx, id, kept.ID))
	w.changes(id, "modified /a", "deleted /b", "added /d")
	w.changes(fork.ID, "modified /a", "deleted /b", "added /d", "added /e")
	w.must(w.svc.Discard(w.ctx, fork.ID))
	w.changes(fork.ID)
	report, err := w.svc.Commit(w.ctx, id, sandbox.CommitOptions{DryRun: true})
	w.must(err)
	if len(report.Applied) != 3 {
		w.Errorf("dry run: %+v", report)
	}
	_, err = w.svc.Commit(w.ctx, id, sandbox.CommitOptions{Paths: []string{"/a", "b"}})
	w.must(err)
	w.changes(id, "added /d")
	w.upload(c.ID, "x", "")
	w.run(fork.ID, "echo mine > a")
	report, err = w.svc.Commit(w.ctx, fork.ID, sandbox.CommitOptions{})
	w.want("a conflict", err, sandbox.ErrConflict)
	if report == nil || len(report.Conflicts) != 1 || report.Conflicts[0].Path != "/a" || report.Conflicts[0].Reason == "" {
		w.Errorf("conflicts: %+v", report)
	}
	if got := w.download(c.ID, "c"); got != "3\n" {
		w.Errorf("got %q", got)
	}
	w.must(w.svc.DeleteCheckpoint(w.ctx, id, kept.ID))
	w.want("a deleted checkpoint", w.svc.Restore(w.ctx, id, kept.ID), sandbox.ErrCheckpointNotFound)
	session, err := w.svc.CreateSession(w.ctx, id, sandbox.CreateSessionRequest{})
	w.must(err)
	w.want("discarding while a session is open", w.svc.Discard(w.ctx, id), sandbox.ErrSandboxBusy)
	w.must(w.svc.DestroySession(w.ctx, session.ID))
	w.must(w.svc.Discard(w.ctx, id))
}

// testExpect commits what somebody has looked at, while a command goes on writing.
func testExpect(w *world) {
	c := w.codebase(map[string]string{"same": "1", "longer": "1", "sum": "1", "mode": "1", "back": "1", "gone": "1", "link": "1", "dir/f": "1"})
	id := w.start(c.ID)
	w.run(id, "for f in same longer sum mode back; do echo 2 > $f; done; rm -r gone dir; rm link; ln -s one link; echo 1 > new; mkdir made; echo 1 > made/f")
	seen, err := w.svc.Changes(w.ctx, id)
	w.must(err)
	sum := func(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }
	for i := range seen {
		switch seen[i].Path {
		case "/same", "/sum":
			seen[i].Checksum = strings.ToUpper(sum("2\n"))
		case "/link":
			seen[i].Checksum = sum("one")
		case "/new":
			seen[i].Checksum = sum("1\n")
		}
	}
	w.run(id, "echo 3 >> longer; echo 3 > sum; chmod 755 mode; printf 1 > back; echo 1 > gone; ln -sfn two link; echo 1 > later; echo 1 > made/later")
	fail := map[string]bool{"/longer": true, "/sum": true, "/mode": true, "/back": true, "/gone": true, "/link": true}
	report, err := w.svc.Commit(w.ctx, id, sandbox.CommitOptions{Expect: []sandbox.Change{}}) // all were refused
	w.must(err)
	if len(report.Applied) > 0 {
		w.Errorf("expected nothing: %+v", report)
	}
	opts := sandbox.CommitOptions{Expect: seen}
	_, err = w.svc.Commit(w.ctx, id, opts)
	w.want("what is not as expected", err, sandbox.ErrConflict)
	holds := func(want string) {
		w.Helper()
		other := w.start(c.ID) // which does not see what this one writes
		if got := w.run(other, "cat same sum; ls new later 2>/dev/null || :"); got != want {
			w.Errorf("the codebase has %q, want %q", got, want)
		}
		w.must(w.svc.DestroySandbox(w.ctx, other))
	}
	holds("11")
	opts.Partial = true
	for _, opts.DryRun = range []bool{true, false} {
		report, err := w.svc.Commit(w.ctx, id, opts)
		w.must(err)
		failed := map[string]bool{}
		for _, i := range report.Failed {
			failed[i.Path] = i.Reason != ""
		}
		applied := []string{}
		for _, i := range report.Applied {
			applied = append(applied, i.Path)
		}
		if want := []string{"/dir", "/dir/f", "/made", "/made/f", "/new", "/same"}; !maps.Equal(failed, fail) || !slices.Equal(applied, want) {
			w.Errorf("dry run: %v: %+v", opts.DryRun, report)
		}
	}
	holds("2\n1new\n")
	w.changes(id, "modified /gone", "added /later", "modified /link", "modified /longer", "added /made/later", "modified /mode", "modified /sum")
	for what, c := range map[string]sandbox.Change{
		"no checksum":     {Path: "/a", Kind: sandbox.Added, Checksum: "x"},
		"no kind":         {Path: "/a"},
		"a NUL":           {Path: "/a\x00", Kind: sandbox.Added},
		"one path, twice": {Path: "later", Kind: sandbox.Added},
	} {
		_, err := w.svc.Commit(w.ctx, id, sandbox.CommitOptions{Expect: []sandbox.Change{{Path: "/later", Kind: sandbox.Added}, c}})
		w.want(what, err, sandbox.ErrInvalid)
	}
	w.must(w.svc.DestroySandbox(w.ctx, id)) // what overlayfs leaves of deletions only root can remove as it is
}

// testAtOnce does everything to one sandbox at once.
func testAtOnce(w *world) {
	c := w.codebase(map[string]string{"a": "1"})
	id := w.start(c.ID)
	kinds := []error{sandbox.ErrSandboxNotRunning, sandbox.ErrSandboxBusy, sandbox.ErrConflict, sandbox.ErrSessionClosed, sandbox.ErrSessionNotFound}
	may := func(what string, err error) {
		if err != nil && !slices.ContainsFunc(kinds, func(kind error) bool { return errors.Is(err, kind) }) {
			w.Errorf("%s: %v", what, err)
		}
	}
	ctx := context.WithoutCancel(w.ctx)
	second := func(_ any, err error) error { return err }
	calls := map[string]func() error{
		"start": func() error { return second(w.svc.StartSandbox(ctx, id)) },
		"stop":  func() error { return second(w.svc.StopSandbox(ctx, id)) },
		"exec":  func() error { return second(w.svc.Exec(ctx, id, sandbox.ExecRequest{Command: "echo x >> b"})) },
		"session": func() error {
			s, err := w.svc.CreateSession(ctx, id, sandbox.CreateSessionRequest{})
			if err != nil {
				return err
			}
			_, err = w.svc.SessionExec(ctx, s.ID, sandbox.SessionExecRequest{Command: "echo y >> c"})
			return errors.Join(err, w.svc.DestroySession(ctx, s.ID))
		},
		"changes": func() error { return second(w.svc.Changes(ctx, id)) },
		"diff":    func() error { return w.svc.Diff(ctx, id, &strings.Builder{}, sandbox.DiffOptions{}) },
		"commit": func() error {
			return second(w.svc.Commit(ctx, id, sandbox.CommitOptions{Overwrite: true, Partial: true}))
		},
		"discard":    func() error { return w.svc.Discard(ctx, id) },
		"checkpoint": func() error { return second(w.svc.CreateCheckpoint(ctx, id, "")) },
		"write":      func() error { return w.svc.WriteFile(ctx, id, "d", []byte("x")) },
		"get":        func() error { return second(w.svc.GetSandbox(ctx, id)) },
		"upload": func() error {
			return second(w.svc.UploadFile(ctx, c.ID, "e", strings.NewReader("x"), sandbox.UploadOptions{}))
		},
		"list":  func() error { return second(w.svc.ListFiles(ctx, c.ID, "", true)) },
		"usage": func() error { return second(w.svc.Usage(ctx, id)) },
		"fork": func() error {
			info, err := w.svc.Fork(ctx, id, sandbox.ForkRequest{})
			if err != nil {
				return err
			}
			return w.svc.DestroySandbox(ctx, info.ID)
		},
	}
	var wg sync.WaitGroup
	for name, call := range calls {
		wg.Go(func() {
			for range 6 {
				may(name, call())
			}
		})
	}
	wg.Wait()
	_, err := w.svc.StartSandbox(ctx, id)
	w.must(err)
	w.run(id, "echo whole > a")
	kinds = append(kinds, sandbox.ErrSandboxNotFound)
	for name, call := range calls {
		wg.Go(func() { may(name, call()) })
	}
	wg.Go(func() { w.must(w.svc.DestroySandbox(ctx, id)) })
	wg.Wait()
	if got := w.download(c.ID, "e"); got != "x" {
		w.Errorf("got %q", got)
	}
}
