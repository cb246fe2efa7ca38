// SPDX-License-Identifier: MIT

package wire_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/internal/wire"
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
)

// FuzzRequests reads messages of anybody's as requests: what is taken is valid, or
// is refused by the library, and goes there and back.
func FuzzRequests(f *testing.F) {
	seed := func(m proto.Message) {
		data, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	seed(&sandboxv1.CreateSandboxRequest{CodebaseId: "cb", Preset: "agent-safe", Permissions: []*sandboxv1.PermissionRule{{Pattern: "/a", Permission: 3}}})
	seed(wire.ExecTo("sb", &sandbox.ExecRequest{Argv: []string{"a"}, Env: map[string]string{"A": "b"}, TTY: true, Size: sandbox.TerminalSize{Rows: 1, Cols: 2}, Timeout: 1}))
	seed(wire.ForkTo("sb", &sandbox.ForkRequest{Labels: map[string]string{}, Resources: &sandbox.ResourceLimits{}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		var create sandboxv1.CreateSandboxRequest
		if proto.Unmarshal(data, &create) == nil {
			if req, err := wire.CreateFrom(&create); err == nil && req.Validate() == nil {
				again, err := wire.CreateFrom(wire.CreateTo(&req))
				if err != nil || len(again.Rules) != len(req.Rules) || again.ExpiresIn != req.ExpiresIn || again.Resources != req.Resources {
					t.Errorf("%+v became %+v, %v", req, again, err)
				}
			}
		}
		var exec sandboxv1.ExecRequest
		if proto.Unmarshal(data, &exec) == nil {
			if req, err := wire.ExecFrom(&exec); err == nil && req.Validate() == nil {
				again, err := wire.ExecFrom(wire.ExecTo("sb", &req))
				if err != nil || again.Command != req.Command || again.Timeout != req.Timeout || again.Size != req.Size {
					t.Errorf("%+v became %+v, %v", req, again, err)
				}
			}
		}
		var fork sandboxv1.ForkRequest
		if proto.Unmarshal(data, &fork) == nil {
			_, _ = wire.ForkFrom(&fork)
		}
	})
}

// FuzzAnswers reads messages of a server that may be anybody's.
func FuzzAnswers(f *testing.F) {
	data, err := proto.Marshal(wire.SandboxTo(&sandbox.Info{ID: "sb", Status: sandbox.StatusRunning, Rules: []sandbox.Rule{{Pattern: "/a"}}}))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(_ *testing.T, data []byte) {
		var s sandboxv1.Sandbox
		if proto.Unmarshal(data, &s) == nil {
			_, _ = wire.SandboxFrom(&s)
		}
		var r sandboxv1.ExecResult
		if proto.Unmarshal(data, &r) == nil {
			wire.ResultFrom(&r)
		}
		var files sandboxv1.ListFilesResponse
		if proto.Unmarshal(data, &files) == nil {
			wire.FilesFrom(files.GetFiles())
		}
		var changes sandboxv1.ListChangesResponse
		if proto.Unmarshal(data, &changes) == nil {
			wire.ChangesFrom(changes.GetChanges())
		}
		var report sandboxv1.CommitReport
		if proto.Unmarshal(data, &report) == nil {
			wire.ReportFrom(&report)
		}
	})
}

// FuzzResult has output of any bytes, and a limit: the message keeps it, can be
// sent, and gives back a beginning of what there was.
func FuzzResult(f *testing.F) {
	f.Add("abc", "def", 100)
	f.Add("a\xff\xfe", "é", 3)
	f.Fuzz(func(t *testing.T, out, errs string, limit int) {
		limit = max(0, min(limit, 1<<20))
		m := wire.ResultTo(&sandbox.ExecResult{Stdout: out, Stderr: errs}, limit)
		if n := len(m.GetStdout()) + len(m.GetStdoutData()) + len(m.GetStderr()) + len(m.GetStderrData()); n > limit {
			t.Errorf("%d bytes, and %d are allowed", n, limit)
		}
		if !utf8.ValidString(m.GetStdout()) || !utf8.ValidString(m.GetStderr()) {
			t.Error("text that is none")
		}
		r := wire.ResultFrom(m)
		for _, x := range []struct {
			name, got, was string
			cut            bool
		}{{"stdout", r.Stdout, out, r.StdoutTruncated}, {"stderr", r.Stderr, errs, r.StderrTruncated}} {
			if len(x.got) > len(x.was) || x.got != x.was[:len(x.got)] || x.cut != (len(x.got) < len(x.was)) {
				t.Errorf("%s: %q of %q, cut: %v", x.name, x.got, x.was, x.cut)
			}
		}
	})
}

// FuzzErrors has errors of any words: what the client gets can be sent, and names no
// path that it has not named itself.
func FuzzErrors(f *testing.F) {
	f.Add("open /var/lib/x: no", "/a/b")
	f.Add("\xff \"/etc/shadow\" (/root)", "")
	f.Add("/var/lib/x is not there", "var/lib/x") // named, and without its slash
	f.Fuzz(func(t *testing.T, words, path string) {
		req := &sandboxv1.ReadFileRequest{SandboxId: "sb", Path: strings.ToValidUTF8(path, "")}
		e := wire.ToConnect(&sandbox.Error{Op: "read", ID: "sb", Path: path, Err: fmt.Errorf("%w: %s", sandbox.ErrInvalid, words)}, req)
		if !utf8.ValidString(e.Message()) {
			t.Errorf("%q is no text", e.Message())
		}
		named := strings.Contains("/"+strings.Trim(req.GetPath(), "/")+"/", "/var/lib/")
		if strings.Contains(e.Message(), "/var/lib/") && !named && strings.HasPrefix(words, "/var/lib/") &&
			strings.Count(words, "/var/lib/") == 1 { // another may be the middle of a word
			t.Errorf("of %q the client is told %q", words, e.Message())
		}
		for _, d := range e.Details() {
			if _, err := d.Value(); err != nil {
				t.Error(err)
			}
		}
	})
}
