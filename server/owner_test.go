// SPDX-License-Identifier: MIT

//go:build linux

package server_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"connectrpc.com/connect"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server"
	"github.com/sandbox-rls/sandbox/server/client"
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
	"github.com/sandbox-rls/sandbox/server/sandboxv1/sandboxv1connect"
)

// tokens are those of the tests: the owner's name is the token.
type tokens struct{}

func (tokens) Authenticate(_ context.Context, token string) (string, error) {
	if token == "alice" || token == "bob" {
		return token, nil
	}
	return "", fmt.Errorf("%w: no such token", sandbox.ErrUnauthenticated)
}

var writeAll = []sandbox.Rule{{Pattern: "/**", Permission: sandbox.Write}}

// estate is what an owner has.
type estate struct{ codebase, sandbox, session, checkpoint string }

func estateOf(t *testing.T, svc sandbox.Service) estate {
	t.Helper()
	ctx := t.Context()
	c, err := svc.CreateCodebase(ctx, sandbox.CreateCodebaseRequest{Name: "secret plans"})
	must(t, err)
	_, err = svc.UploadFile(ctx, c.ID, "a", strings.NewReader("secret"), sandbox.UploadOptions{})
	must(t, err)
	sb, err := svc.CreateSandbox(ctx, sandbox.CreateSandboxRequest{CodebaseID: c.ID, Rules: writeAll, Start: true})
	must(t, err)
	ses, err := svc.CreateSession(ctx, sb.ID, sandbox.CreateSessionRequest{})
	must(t, err)
	cp, err := svc.CreateCheckpoint(ctx, sb.ID, "x")
	must(t, err)
	return estate{c.ID, sb.ID, ses.ID, cp.ID}
}

// TestOwners makes each call with the ids of another owner: all is as if there were
// no such thing, to the word.
func TestOwners(t *testing.T) {
	s := serve(t, manager(t), server.WithAuthenticator(tokens{}))
	alice, bob := dial(t, s.URL, client.WithToken("alice")), dial(t, s.URL, client.WithToken("bob"))
	his := estateOf(t, bob)
	covered := map[string]bool{}
	nobodys := estate{"cb_000000000000000000000000", "sb_00000000000000000000000000000000", "ses_0", "cp_0"}
	saidOfNone := strangers(t, s.URL, nobodys, covered)
	for name, message := range strangers(t, s.URL, his, covered) {
		for _, word := range []string{"bob", "secret", "owner"} {
			if strings.Contains(message, word) {
				t.Errorf("%s: %q", name, message)
			}
		}
		if of := saidOfNone[name]; message != of {
			t.Errorf("%s of another's: %q, of nobody's: %q", name, message, of)
		}
	}
	for _, service := range []reflect.Type{
		reflect.TypeFor[sandboxv1connect.SandboxServiceClient](), reflect.TypeFor[sandboxv1connect.CodebaseServiceClient](),
	} {
		for i := range service.NumMethod() {
			if name := service.Method(i).Name; !covered[name] && !harmless[name] {
				t.Errorf("%s is not in the table", name)
			}
		}
	}
	// Nothing has come of it.
	if r, err := bob.SessionExec(t.Context(), his.session, sandbox.SessionExecRequest{Command: "cat a"}); err != nil || r.Stdout != "secret" {
		t.Errorf("%+v, %v", r, err)
	}
	page, err := alice.ListSandboxes(t.Context(), sandbox.ListSandboxesRequest{})
	must(t, err)
	books, err := alice.ListCodebases(t.Context(), sandbox.ListCodebasesRequest{})
	must(t, err)
	named, err := alice.ListCodebases(t.Context(), sandbox.ListCodebasesRequest{OwnerID: "bob"})
	must(t, err)
	if len(page.Sandboxes)+len(books.Codebases)+len(named.Codebases) != 0 {
		t.Errorf("listed: %+v, %+v, %+v", page, books, named)
	}
	_, err = alice.CreateCodebase(t.Context(), sandbox.CreateCodebaseRequest{OwnerID: "bob"})
	wantKind(t, "a codebase for another", err, sandbox.ErrPermissionDenied)
	mine, err := bob.GetSandbox(t.Context(), his.sandbox)
	must(t, err)
	if mine.OwnerID != "bob" {
		t.Errorf("the owner is %q", mine.OwnerID)
	}
	fork, err := bob.Fork(t.Context(), his.sandbox, sandbox.ForkRequest{})
	must(t, err)
	if fork.OwnerID != "bob" {
		t.Errorf("the owner of the fork is %q", fork.OwnerID)
	}
}

// harmless are the calls that take no id.
var harmless = map[string]bool{"CreateCodebase": true, "ListCodebases": true, "ListPresets": true}

func wantKind(t *testing.T, what string, err, kind error) {
	t.Helper()
	if err == nil || !errorsIs(err, kind) {
		t.Errorf("%s: got error %v, want one that is %v", what, err, kind)
	}
}

// strangers makes all calls with ids that are not alice's, and returns what the
// server said to each, without the ids.
func strangers(t *testing.T, url string, id estate, covered map[string]bool) map[string]string {
	t.Helper()
	ctx := t.Context()
	bearer := connect.WithInterceptors(header{"Authorization", "Bearer alice"})
	sb := sandboxv1connect.NewSandboxServiceClient(http2Client(t), url, bearer)
	cb := sandboxv1connect.NewCodebaseServiceClient(http2Client(t), url, bearer)
	said := map[string]string{}
	bare := strings.NewReplacer(id.codebase, "CODEBASE", id.sandbox, "SANDBOX", id.session, "SESSION", id.checkpoint, "CHECKPOINT").Replace
	check := func(name string, err error) {
		t.Helper()
		covered[name] = true
		if connect.CodeOf(err) != connect.CodeNotFound {
			t.Errorf("%s of another's: %v", name, err)
			return
		}
		said[name] = bare(err.Error())
	}
	second := func(_ any, err error) error { return err }
	check("GetSandbox", second(sb.GetSandbox(ctx, &sandboxv1.GetSandboxRequest{SandboxId: id.sandbox})))
	check("StartSandbox", second(sb.StartSandbox(ctx, &sandboxv1.StartSandboxRequest{SandboxId: id.sandbox})))
	check("StopSandbox", second(sb.StopSandbox(ctx, &sandboxv1.StopSandboxRequest{SandboxId: id.sandbox})))
	check("DestroySandbox", second(sb.DestroySandbox(ctx, &sandboxv1.DestroySandboxRequest{SandboxId: id.sandbox})))
	check("CreateSandbox", second(sb.CreateSandbox(ctx, &sandboxv1.CreateSandboxRequest{CodebaseId: id.codebase, Preset: "read-only"})))
	check("UpdateResources", second(sb.UpdateResources(ctx, &sandboxv1.UpdateResourcesRequest{SandboxId: id.sandbox})))
	check("GetUsage", second(sb.GetUsage(ctx, &sandboxv1.GetUsageRequest{SandboxId: id.sandbox})))
	check("Exec", second(sb.Exec(ctx, &sandboxv1.ExecRequest{SandboxId: id.sandbox, Command: "cat a"})))
	check("CreateSession", second(sb.CreateSession(ctx, &sandboxv1.CreateSessionRequest{SandboxId: id.sandbox})))
	check("GetSession", second(sb.GetSession(ctx, &sandboxv1.GetSessionRequest{SessionId: id.session})))
	check("ListSessions", second(sb.ListSessions(ctx, &sandboxv1.ListSessionsRequest{SandboxId: id.sandbox})))
	check("SessionExec", second(sb.SessionExec(ctx, &sandboxv1.SessionExecRequest{SessionId: id.session, Command: "cat a"})))
	check("DestroySession", second(sb.DestroySession(ctx, &sandboxv1.DestroySessionRequest{SessionId: id.session})))
	check("ListWorkspace", second(sb.ListWorkspace(ctx, &sandboxv1.ListWorkspaceRequest{SandboxId: id.sandbox})))
	check("Explain", second(sb.Explain(ctx, &sandboxv1.ExplainRequest{SandboxId: id.sandbox, Path: "a"})))
	check("ListChanges", second(sb.ListChanges(ctx, &sandboxv1.ListChangesRequest{SandboxId: id.sandbox})))
	check("Commit", second(sb.Commit(ctx, &sandboxv1.CommitRequest{SandboxId: id.sandbox})))
	check("Discard", second(sb.Discard(ctx, &sandboxv1.DiscardRequest{SandboxId: id.sandbox})))
	check("Fork", second(sb.Fork(ctx, &sandboxv1.ForkRequest{SandboxId: id.sandbox})))
	check("CreateCheckpoint", second(sb.CreateCheckpoint(ctx, &sandboxv1.CreateCheckpointRequest{SandboxId: id.sandbox})))
	check("ListCheckpoints", second(sb.ListCheckpoints(ctx, &sandboxv1.ListCheckpointsRequest{SandboxId: id.sandbox})))
	check("Restore", second(sb.Restore(ctx, &sandboxv1.RestoreRequest{SandboxId: id.sandbox, CheckpointId: id.checkpoint})))
	check("DeleteCheckpoint", second(sb.DeleteCheckpoint(ctx, &sandboxv1.DeleteCheckpointRequest{SandboxId: id.sandbox, CheckpointId: id.checkpoint})))
	check("GetCodebase", second(cb.GetCodebase(ctx, &sandboxv1.GetCodebaseRequest{CodebaseId: id.codebase})))
	check("DeleteCodebase", second(cb.DeleteCodebase(ctx, &sandboxv1.DeleteCodebaseRequest{CodebaseId: id.codebase})))
	check("ListFiles", second(cb.ListFiles(ctx, &sandboxv1.ListFilesRequest{CodebaseId: id.codebase})))

	check("ExecStream", drain(sb.ExecStream(ctx, &sandboxv1.ExecRequest{SandboxId: id.sandbox, Command: "cat a"})))
	check("SessionExecStream", drain(sb.SessionExecStream(ctx, &sandboxv1.SessionExecRequest{SessionId: id.session, Command: "cat a"})))
	check("ReadFile", drain(sb.ReadFile(ctx, &sandboxv1.ReadFileRequest{SandboxId: id.sandbox, Path: "a"})))
	check("GetDiff", drain(sb.GetDiff(ctx, &sandboxv1.GetDiffRequest{SandboxId: id.sandbox})))
	check("DownloadFile", drain(cb.DownloadFile(ctx, &sandboxv1.DownloadFileRequest{CodebaseId: id.codebase, FilePath: "a"})))
	check("DownloadArchive", drain(cb.DownloadArchive(ctx, &sandboxv1.DownloadArchiveRequest{CodebaseId: id.codebase})))

	up, err := cb.UploadFiles(ctx)
	must(t, err)
	_ = up.Send(&sandboxv1.UploadChunk{Content: &sandboxv1.UploadChunk_Metadata_{Metadata: &sandboxv1.UploadChunk_Metadata{CodebaseId: id.codebase, FilePath: "a"}}})
	check("UploadFiles", second(up.CloseAndReceive()))
	archive, err := cb.UploadArchive(ctx)
	must(t, err)
	_ = archive.Send(&sandboxv1.UploadArchiveRequest{CodebaseId: id.codebase})
	check("UploadArchive", second(archive.CloseAndReceive()))
	file, err := sb.WriteFile(ctx)
	must(t, err)
	_ = file.Send(&sandboxv1.WriteFileRequest{SandboxId: id.sandbox, Path: "a"})
	check("WriteFile", second(file.CloseAndReceive()))
	fed, err := sb.ExecInteractive(ctx)
	must(t, err)
	_ = fed.Send(&sandboxv1.ExecInput{Input: &sandboxv1.ExecInput_Start{Start: &sandboxv1.ExecRequest{SandboxId: id.sandbox, Command: "cat a"}}})
	check("ExecInteractive", second(fed.Receive()))
	_ = fed.CloseRequest()
	_ = fed.CloseResponse()

	page, err := sb.ListSandboxes(ctx, &sandboxv1.ListSandboxesRequest{CodebaseId: id.codebase, OwnerId: "bob"})
	must(t, err)
	if covered["ListSandboxes"] = true; len(page.GetSandboxes()) != 0 {
		t.Errorf("listed: %v", page)
	}
	for _, path := range []string{"codebases/" + id.codebase + "/files/a", "codebases/" + id.codebase + "/archive", "sandboxes/" + id.sandbox + "/files/a", "sandboxes/" + id.sandbox + "/diff"} {
		for _, method := range []string{"GET", "PUT"} {
			if method == "PUT" && strings.HasSuffix(path, "/diff") {
				continue
			}
			code, body := request(t, method, url+"/v1/"+path, "alice", "x")
			if code != http.StatusNotFound {
				t.Errorf("%s %s: %d %s", method, path, code, body)
			}
			said[method+" "+bare(path)] = bare(body)
		}
	}
	return said
}

// drain reads a stream to its end, and returns its error.
func drain[M any](stream *connect.ServerStreamForClient[M], err error) error {
	if err != nil {
		return err
	}
	defer stream.Close()
	for stream.Receive() {
	}
	return stream.Err()
}

// request makes a request over plain HTTP.
func request(t *testing.T, method, url, token, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	must(t, err)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := (&http.Client{Transport: http1(t)}).Do(r)
	must(t, err)
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	must(t, err)
	return res.StatusCode, string(data)
}

// TestTokens has calls without a token, and with a wrong one.
func TestTokens(t *testing.T) {
	s := serve(t, manager(t), server.WithAuthenticator(tokens{}))
	for _, opts := range [][]client.Option{nil, {client.WithToken("mallory")}, {client.WithGRPC()}, {client.WithGRPC(), client.WithToken("mallory")}} {
		c := dial(t, s.URL, opts...)
		_, err := c.ListCodebases(t.Context(), sandbox.ListCodebasesRequest{})
		wantKind(t, "a call", err, sandbox.ErrUnauthenticated)
		for _, err := range c.ExecStream(t.Context(), "sb_0", sandbox.ExecRequest{Command: "true"}) {
			wantKind(t, "a stream", err, sandbox.ErrUnauthenticated)
		}
	}
	for _, path := range []string{"/v1/codebases", "/v1/codebases/cb_0/archive", "/v1/sandboxes/sb_0/files/a"} {
		for _, token := range []string{"", "mallory"} {
			if code, body := request(t, "GET", s.URL+path, token, ""); code != http.StatusUnauthorized {
				t.Errorf("%s: %d %s", path, code, body)
			}
		}
	}
	if code, body := request(t, "GET", s.URL+"/healthz", "", ""); code != http.StatusOK {
		t.Errorf("health: %d %s", code, body)
	}
}
