// SPDX-License-Identifier: MIT

//go:build linux

package server_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server"
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
	"github.com/sandbox-rls/sandbox/server/sandboxv1/sandboxv1connect"
)

// site is a server with a state directory whose name must never be heard of.
type site struct {
	*testing.T
	url, state string
	sb         sandboxv1connect.SandboxServiceClient
	cb         sandboxv1connect.CodebaseServiceClient
}

func newSite(t *testing.T, limits server.Limits) *site {
	state := filepath.Join(t.TempDir(), "hidden-state")
	m, err := sandbox.NewManager(sandbox.Config{StateDir: state})
	must(t, err)
	t.Cleanup(func() { must(t, m.Close()) })
	url := serve(t, m, server.WithLimits(limits)).URL
	return &site{t, url, state, sandboxv1connect.NewSandboxServiceClient(http2Client(t), url), sandboxv1connect.NewCodebaseServiceClient(http2Client(t), url)}
}

// want checks code and words of an error.
func (s *site) want(what string, err error, code connect.Code) {
	s.Helper()
	if connect.CodeOf(err) != code || err == nil {
		s.Errorf("%s: %v, want %v", what, err, code)
		return
	}
	for _, word := range []string{"hidden-state", "/tmp/", "/proc/", "overlay", ".go:"} {
		if strings.Contains(err.Error(), word) {
			s.Errorf("%s: it says %q", what, err)
		}
	}
	var e *connect.Error
	if errors.As(err, &e) && len(e.Details()) == 0 && code != connect.CodeResourceExhausted {
		s.Errorf("%s: no detail in %v", what, err)
	}
}

func (s *site) upload(chunks ...*sandboxv1.UploadChunk) error {
	s.Helper()
	up, err := s.cb.UploadFiles(s.Context())
	must(s, err)
	for _, c := range chunks {
		_ = up.Send(c) // why not, CloseAndReceive says
	}
	_, err = up.CloseAndReceive()
	return err
}

func metaOf(id, path string, size int64) *sandboxv1.UploadChunk {
	return &sandboxv1.UploadChunk{Content: &sandboxv1.UploadChunk_Metadata_{Metadata: &sandboxv1.UploadChunk_Metadata{CodebaseId: id, FilePath: path, TotalSize: size}}}
}

func dataOf(data string) *sandboxv1.UploadChunk {
	return &sandboxv1.UploadChunk{Content: &sandboxv1.UploadChunk_Data{Data: []byte(data)}}
}

func (s *site) codebase() string {
	s.Helper()
	c, err := s.cb.CreateCodebase(s.Context(), &sandboxv1.CreateCodebaseRequest{})
	must(s, err)
	return c.GetId()
}

func (s *site) start(codebase string) string {
	s.Helper()
	i, err := s.sb.CreateSandbox(s.Context(), &sandboxv1.CreateSandboxRequest{CodebaseId: codebase, Preset: "full-access", Start: true})
	must(s, err)
	return i.GetId()
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	s := newSite(t, server.Limits{MessageBytes: 1 << 20})
	ctx := t.Context()
	second := func(_ any, err error) error { return err }
	cb := s.codebase()
	id := s.start(cb)
	rule := func(r *sandboxv1.PermissionRule) error {
		return second(s.sb.CreateSandbox(ctx, &sandboxv1.CreateSandboxRequest{CodebaseId: cb, Permissions: []*sandboxv1.PermissionRule{r}}))
	}
	create := func(r *sandboxv1.CreateSandboxRequest) error {
		r.CodebaseId = cb
		return second(s.sb.CreateSandbox(ctx, r))
	}
	exec := func(r *sandboxv1.ExecRequest) error {
		r.SandboxId = id
		return second(s.sb.Exec(ctx, r))
	}
	invalid := map[string]error{
		"no permission":          rule(&sandboxv1.PermissionRule{Pattern: "/a"}),
		"unknown permission":     rule(&sandboxv1.PermissionRule{Pattern: "/a", Permission: 9}),
		"unknown type":           rule(&sandboxv1.PermissionRule{Pattern: "/a", Permission: 2, Type: 77}),
		"malformed pattern":      rule(&sandboxv1.PermissionRule{Pattern: "/[", Permission: 2}),
		"unknown runtime":        create(&sandboxv1.CreateSandboxRequest{Runtime: 55}),
		"two runtimes":           create(&sandboxv1.CreateSandboxRequest{Runtime: sandboxv1.RuntimeType_RUNTIME_TYPE_DOCKER, RuntimeName: "native"}),
		"unknown preset":         create(&sandboxv1.CreateSandboxRequest{Preset: "none"}),
		"negative expiry":        create(&sandboxv1.CreateSandboxRequest{ExpiresIn: &durationpb.Duration{Seconds: -1}}),
		"no duration":            create(&sandboxv1.CreateSandboxRequest{ExpiresIn: &durationpb.Duration{Seconds: 1, Nanos: -1}}),
		"negative memory":        create(&sandboxv1.CreateSandboxRequest{Resources: &sandboxv1.ResourceLimits{MemoryBytes: -1}}),
		"negative shares":        create(&sandboxv1.CreateSandboxRequest{Resources: &sandboxv1.ResourceLimits{CpuShares: -1}}),
		"unknown network":        create(&sandboxv1.CreateSandboxRequest{Network: "no such"}),
		"no command":             exec(&sandboxv1.ExecRequest{}),
		"NUL in a command":       exec(&sandboxv1.ExecRequest{Command: "a\x00b"}),
		"negative timeout":       exec(&sandboxv1.ExecRequest{Command: "true", Timeout: &durationpb.Duration{Seconds: -1}}),
		"bad variable":           exec(&sandboxv1.ExecRequest{Command: "true", Env: map[string]string{"A=B": "c"}}),
		"huge terminal":          exec(&sandboxv1.ExecRequest{Command: "true", Tty: true, Size: &sandboxv1.TerminalSize{Rows: 1 << 20}}),
		"bad page token":         second(s.sb.ListSandboxes(ctx, &sandboxv1.ListSandboxesRequest{PageToken: "?"})),
		"negative page":          second(s.cb.ListCodebases(ctx, &sandboxv1.ListCodebasesRequest{PageSize: -1})),
		"no metadata":            s.upload(dataOf("x")),
		"nothing":                s.upload(),
		"an empty chunk first":   s.upload(&sandboxv1.UploadChunk{}, metaOf(cb, "a", 0)),
		"metadata twice":         s.upload(metaOf(cb, "a", 0), dataOf("x"), metaOf(cb, "b", 0)),
		"too short":              s.upload(metaOf(cb, "a", 3), dataOf("x")),
		"too long":               s.upload(metaOf(cb, "a", 3), dataOf("four")),
		"negative size":          s.upload(metaOf(cb, "a", -3), dataOf("x")),
		"unknown shell":          second(s.sb.CreateSession(ctx, &sandboxv1.CreateSessionRequest{SandboxId: id, Shell: "/bin/none"})),
		"checkpoint and nothing": second(s.sb.Commit(ctx, &sandboxv1.CommitRequest{SandboxId: id, Paths: []string{"a\x00"}})),
		"a time that is none": s.upload(&sandboxv1.UploadChunk{Content: &sandboxv1.UploadChunk_Metadata_{Metadata: &sandboxv1.UploadChunk_Metadata{
			CodebaseId: cb, FilePath: "a", ModifiedAt: &timestamppb.Timestamp{Nanos: -1},
		}}}),
	}
	for _, path := range []string{"../x", "a/../../x", "a\x00b", "", strings.Repeat("n", 300)} {
		invalid[fmt.Sprintf("upload of %.20q", path)] = s.upload(metaOf(cb, path, 0), dataOf("x"))
		invalid[fmt.Sprintf("download of %.20q", path)] = drain(s.cb.DownloadFile(ctx, &sandboxv1.DownloadFileRequest{CodebaseId: cb, FilePath: path}))
		if path != "" {
			invalid[fmt.Sprintf("list of %.20q", path)] = second(s.cb.ListFiles(ctx, &sandboxv1.ListFilesRequest{CodebaseId: cb, Path: path}))
		}
	}
	for what, err := range invalid {
		s.want(what, err, connect.CodeInvalidArgument)
	}
	for _, bad := range []string{"", "x", "../../etc", "sb_" + strings.Repeat("0", 5000), "sb_\x00", "cb_; rm -rf /", "sb_é"} {
		s.want("sandbox "+bad[:min(9, len(bad))], second(s.sb.GetSandbox(ctx, &sandboxv1.GetSandboxRequest{SandboxId: bad})), connect.CodeNotFound)
		s.want("session "+bad[:min(9, len(bad))], second(s.sb.GetSession(ctx, &sandboxv1.GetSessionRequest{SessionId: bad})), connect.CodeNotFound)
		s.want("codebase "+bad[:min(9, len(bad))], second(s.cb.GetCodebase(ctx, &sandboxv1.GetCodebaseRequest{CodebaseId: bad})), connect.CodeNotFound)
	}
	s.want("absolute path", second(s.cb.ListFiles(ctx, &sandboxv1.ListFilesRequest{CodebaseId: cb, Path: "/etc"})), connect.CodeNotFound)
	s.want("100 MB of input", exec(&sandboxv1.ExecRequest{Command: "true", StdinData: make([]byte, 100<<20)}), connect.CodeResourceExhausted)
}

// TestLinksOut has links made inside that lead to files of the host.
func TestLinksOut(t *testing.T) {
	t.Parallel()
	s := newSite(t, server.Limits{})
	ctx := t.Context()
	cb := s.codebase()
	id := s.start(cb)
	secret := filepath.Join(t.TempDir(), "secret")
	must(t, os.WriteFile(secret, []byte("host secret"), 0o600))
	r, err := s.sb.Exec(ctx, &sandboxv1.ExecRequest{SandboxId: id, Command: "ln -s " + secret + " link; ln -s / root; ln -s /etc dir; mkdir d; ln -s ../../../../.. d/up"})
	must(t, err)
	if r.GetExitCode() != 0 {
		t.Fatal(r.GetStderr())
	}
	for _, path := range []string{"link", "root" + secret, "dir/passwd", "d/up" + secret} {
		var got bytes.Buffer
		stream, err := s.cb.DownloadFile(ctx, &sandboxv1.DownloadFileRequest{CodebaseId: cb, FilePath: path})
		must(t, err)
		for stream.Receive() {
			got.Write(stream.Msg().GetData())
		}
		if stream.Err() == nil {
			t.Errorf("%s: downloaded %q", path, &got)
		}
		must(t, stream.Close())
		_ = s.upload(metaOf(cb, path, 0), dataOf("overwritten"))
		if data, err := os.ReadFile(secret); err != nil || string(data) != "host secret" {
			t.Fatalf("by %s the host's file became %q, %v", path, data, err)
		}
	}
	if _, err := os.Lstat("/passwd"); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a file was made in the host's root")
	}
}
