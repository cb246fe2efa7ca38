// SPDX-License-Identifier: MIT

package servicetest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandbox-rls/sandbox"
)

func testSandboxes(w *world) {
	c := w.codebase(map[string]string{"a": "1", "secret/b": "2"})
	info, err := w.svc.CreateSandbox(w.ctx, sandbox.CreateSandboxRequest{CodebaseID: c.ID, Rules: readWrite, Labels: map[string]string{"k": "v"}})
	w.must(err)
	if info.ID == "" || info.CodebaseID != c.ID || info.Status != sandbox.StatusPending || info.Labels["k"] != "v" ||
		len(info.Rules) != len(readWrite) || info.Created.IsZero() || !info.Started.IsZero() {
		w.Errorf("created: %+v", info)
	}
	_, err = w.svc.Exec(w.ctx, info.ID, sandbox.ExecRequest{Command: "true"})
	w.want("a command in a sandbox that was never started", err, sandbox.ErrSandboxNotRunning)
	started, err := w.svc.StartSandbox(w.ctx, info.ID)
	w.must(err)
	if started.Status != sandbox.StatusRunning || started.Started.IsZero() {
		w.Errorf("started: %+v", started)
	}
	if got := w.run(info.ID, "cat a; ls; echo 3 > c"); got != "1a\n" {
		w.Errorf("got %q", got)
	}
	stopped, err := w.svc.StopSandbox(w.ctx, info.ID)
	w.must(err)
	if stopped.Status != sandbox.StatusStopped || stopped.Stopped.IsZero() {
		w.Errorf("stopped: %+v", stopped)
	}
	_, err = w.svc.StartSandbox(w.ctx, info.ID)
	w.must(err)
	if got := w.run(info.ID, "cat c"); got != "3\n" {
		w.Errorf("what was changed is %q after a restart", got)
	}
	w.must(w.svc.DestroySandbox(w.ctx, info.ID))
	_, err = w.svc.GetSandbox(w.ctx, info.ID)
	w.want("a destroyed sandbox", err, sandbox.ErrSandboxNotFound)
	for name, req := range map[string]sandbox.CreateSandboxRequest{
		"network": {CodebaseID: c.ID, Network: "odd"}, "pattern": {CodebaseID: c.ID, Rules: []sandbox.Rule{{Pattern: "/["}}},
		"limit": {CodebaseID: c.ID, Resources: sandbox.ResourceLimits{MemoryBytes: -1}}, "expiry": {CodebaseID: c.ID, ExpiresIn: -1},
	} {
		_, err := w.svc.CreateSandbox(w.ctx, req)
		w.want(name, err, sandbox.ErrInvalid)
	}
	_, err = w.svc.CreateSandbox(w.ctx, sandbox.CreateSandboxRequest{CodebaseID: "cb_none"})
	w.want("no codebase", err, sandbox.ErrCodebaseNotFound)
	_, err = w.svc.CreateSandbox(w.ctx, sandbox.CreateSandboxRequest{CodebaseID: c.ID, Runtime: "none"})
	w.want("no runtime", err, sandbox.ErrUnsupported)
}

func testPages(w *world) {
	c, other := w.codebase(nil), w.codebase(nil)
	var all []string
	for i := range 7 {
		info, err := w.svc.CreateSandbox(w.ctx, sandbox.CreateSandboxRequest{CodebaseID: c.ID, Labels: map[string]string{"odd": fmt.Sprint(i % 2), "n": fmt.Sprint(i)}})
		w.must(err)
		all = append(all, info.ID)
	}
	_, err := w.svc.CreateSandbox(w.ctx, sandbox.CreateSandboxRequest{CodebaseID: other.ID})
	w.must(err)
	list := func(req sandbox.ListSandboxesRequest) (ids []string) {
		for {
			page, err := w.svc.ListSandboxes(w.ctx, req)
			w.must(err)
			if req.PageSize > 0 && len(page.Sandboxes) > req.PageSize {
				w.Errorf("a page of %d", len(page.Sandboxes))
			}
			for _, s := range page.Sandboxes {
				ids = append(ids, s.ID)
			}
			if req.PageToken = page.NextPageToken; req.PageToken == "" {
				return ids
			}
		}
	}
	for _, size := range []int{0, 1, 2, 3, 7, 8} {
		got := list(sandbox.ListSandboxesRequest{CodebaseID: c.ID, PageSize: size})
		slices.Sort(got)
		if want := slices.Sorted(slices.Values(all)); !slices.Equal(got, want) {
			w.Errorf("in pages of %d: %q, want %q", size, got, want)
		}
	}
	if got := list(sandbox.ListSandboxesRequest{PageSize: 3}); len(got) != 8 {
		w.Errorf("without a codebase: %d", len(got))
	}
	if got := list(sandbox.ListSandboxesRequest{Labels: map[string]string{"odd": "1"}, PageSize: 2}); len(got) != 3 {
		w.Errorf("by label: %d", len(got))
	}
	if got := list(sandbox.ListSandboxesRequest{Labels: map[string]string{"odd": "1", "n": "0"}}); len(got) != 0 {
		w.Errorf("by two labels: %d", len(got))
	}
	_, err = w.svc.ListSandboxes(w.ctx, sandbox.ListSandboxesRequest{PageToken: "?"})
	w.want("a token of nobody's", err, sandbox.ErrInvalid)
	_, err = w.svc.ListCodebases(w.ctx, sandbox.ListCodebasesRequest{PageSize: -1})
	w.want("a negative page", err, sandbox.ErrInvalid)
	page, err := w.svc.ListCodebases(w.ctx, sandbox.ListCodebasesRequest{OwnerID: "owner", PageSize: 1})
	w.must(err)
	next, err := w.svc.ListCodebases(w.ctx, sandbox.ListCodebasesRequest{OwnerID: "owner", PageToken: page.NextPageToken})
	w.must(err)
	if len(page.Codebases) != 1 || len(next.Codebases) != 1 || page.Codebases[0].ID == next.Codebases[0].ID {
		w.Errorf("codebases: %+v, %+v", page, next)
	}
	if page, err := w.svc.ListCodebases(w.ctx, sandbox.ListCodebasesRequest{OwnerID: "nobody"}); err != nil || len(page.Codebases) != 0 {
		w.Errorf("codebases of nobody: %+v, %v", page, err)
	}
}

// testUnknown calls everything with ids that nobody has.
func testUnknown(w *world) {
	ctx, svc := w.ctx, w.svc
	last := func(seq func(func(sandbox.ExecOutput, error) bool)) (err error) {
		seq(func(_ sandbox.ExecOutput, e error) bool { err = e; return true })
		return err
	}
	second := func(_ any, err error) error { return err }
	for name, err := range map[string]error{
		"GetSandbox": second(svc.GetSandbox(ctx, "sb_0")), "StartSandbox": second(svc.StartSandbox(ctx, "sb_0")), "StopSandbox": second(svc.StopSandbox(ctx, "")),
		"DestroySandbox": svc.DestroySandbox(ctx, "sb_0"), "UpdateResources": svc.UpdateResources(ctx, "sb_0", sandbox.ResourceLimits{}), "Usage": second(svc.Usage(ctx, "sb_0")),
		"Exec": second(svc.Exec(ctx, "sb_0", sandbox.ExecRequest{Command: "true"})), "ExecStream": last(svc.ExecStream(ctx, "sb_0", sandbox.ExecRequest{Command: "true"})),
		"CreateSession": second(svc.CreateSession(ctx, "sb_0", sandbox.CreateSessionRequest{})), "ListSessions": second(svc.ListSessions(ctx, "sb_0")),
		"ReadFile": second(svc.ReadFile(ctx, "sb_0", "a")), "WriteFile": svc.WriteFile(ctx, "sb_0", "a", nil), "ListWorkspace": second(svc.ListWorkspace(ctx, "sb_0", "", false)),
		"Changes": second(svc.Changes(ctx, "sb_0")), "Diff": svc.Diff(ctx, "sb_0", &strings.Builder{}, sandbox.DiffOptions{}), "Commit": second(svc.Commit(ctx, "sb_0", sandbox.CommitOptions{})),
		"Discard": svc.Discard(ctx, "sb_0"), "Fork": second(svc.Fork(ctx, "sb_0", sandbox.ForkRequest{})), "CreateCheckpoint": second(svc.CreateCheckpoint(ctx, "sb_0", "")),
		"ListCheckpoints": second(svc.ListCheckpoints(ctx, "sb_0")), "Restore": svc.Restore(ctx, "sb_0", "cp_0"), "DeleteCheckpoint": svc.DeleteCheckpoint(ctx, "sb_0", "cp_0"),
	} {
		w.want(name, err, sandbox.ErrSandboxNotFound)
	}
	for name, err := range map[string]error{
		"GetSession": second(svc.GetSession(ctx, "ses_0")), "DestroySession": svc.DestroySession(ctx, "ses_0"),
		"SessionExec":       second(svc.SessionExec(ctx, "ses_0", sandbox.SessionExecRequest{Command: "true"})),
		"SessionExecStream": last(svc.SessionExecStream(ctx, "ses_0", sandbox.SessionExecRequest{Command: "true"})),
	} {
		w.want(name, err, sandbox.ErrSessionNotFound)
	}
	for name, err := range map[string]error{
		"GetCodebase": second(svc.GetCodebase(ctx, "cb_0")), "DeleteCodebase": svc.DeleteCodebase(ctx, "cb_0"), "ExportTar": svc.ExportTar(ctx, "cb_0", &strings.Builder{}),
		"ImportTar": second(svc.ImportTar(ctx, "cb_0", strings.NewReader(""))), "UploadFile": second(svc.UploadFile(ctx, "cb_0", "a", strings.NewReader(""), sandbox.UploadOptions{})),
		"DownloadFile": second(svc.DownloadFile(ctx, "cb_0", "a")), "ListFiles": second(svc.ListFiles(ctx, "cb_0", "", false)),
	} {
		w.want(name, err, sandbox.ErrCodebaseNotFound)
	}
}

// testRepeated calls again what may have been called already.
func testRepeated(w *world) {
	c := w.codebase(map[string]string{"a": "1"})
	id := w.start(c.ID)
	w.run(id, "echo 2 > a")
	for range 2 {
		_, err := w.svc.StartSandbox(w.ctx, id)
		w.must(err)
		w.status(id, sandbox.StatusRunning)
		w.must(w.svc.WriteFile(w.ctx, id, "b", []byte("x")))
		w.must(w.svc.UpdateResources(w.ctx, id, sandbox.ResourceLimits{}))
	}
	session, err := w.svc.CreateSession(w.ctx, id, sandbox.CreateSessionRequest{})
	w.must(err)
	for range 2 {
		w.must(w.svc.DestroySession(w.ctx, session.ID))
	}
	for i := range 2 {
		report, err := w.svc.Commit(w.ctx, id, sandbox.CommitOptions{})
		w.must(err)
		if got := len(report.Applied); got != 2*(1-i) {
			w.Errorf("commit %d applied %d", i+1, got)
		}
	}
	for range 2 {
		w.must(w.svc.Discard(w.ctx, id))
	}
	for range 2 {
		_, err := w.svc.StopSandbox(w.ctx, id)
		w.must(err)
		w.status(id, sandbox.StatusStopped)
	}
	w.must(w.svc.DestroySandbox(w.ctx, id))
	w.want("destroyed again", w.svc.DestroySandbox(w.ctx, id), sandbox.ErrSandboxNotFound)
	for range 2 {
		w.upload(c.ID, "a", "same")
	}
	w.must(w.svc.DeleteCodebase(w.ctx, c.ID))
	w.want("deleted again", w.svc.DeleteCodebase(w.ctx, c.ID), sandbox.ErrCodebaseNotFound)
}
