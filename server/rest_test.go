// SPDX-License-Identifier: MIT

//go:build linux

package server_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox/server"
)

// rest makes requests as curl would.
type rest struct {
	*testing.T
	url string
}

func (r rest) do(method, path, body string) (int, map[string]any, string) {
	r.Helper()
	code, text := request(r.T, method, r.url+path, "", body)
	var m map[string]any
	_ = json.Unmarshal([]byte(text), &m)
	return code, m, text
}

// ok makes a request that has to succeed.
func (r rest) ok(method, path, body string) map[string]any {
	r.Helper()
	code, m, text := r.do(method, path, body)
	if code != http.StatusOK {
		r.Fatalf("%s %s: %d %s", method, path, code, text)
	}
	return m
}

// refused makes a request that has to fail.
func (r rest) refused(method, path, body string, want int, reason string) {
	r.Helper()
	code, m, text := r.do(method, path, body)
	if code != want || !strings.Contains(text, reason) || m["message"] == "" {
		r.Errorf("%s %s: %d %s, want %d and %s", method, path, code, text, want, reason)
	}
}

// TestRESTRefuses asks for what the messages cannot hold.
func TestRESTRefuses(t *testing.T) {
	t.Parallel()
	r := rest{t, serve(t, manager(t)).URL}
	for _, c := range []struct{ method, path, body, reason string }{
		{"GET", "/v1/codebases?page_token=%ff", "", "UTF-8"},
		{"GET", "/v1/sandboxes/%ff", "", "UTF-8"},
		{"GET", "/v1/codebases", `{}`, "no body"},
		{"DELETE", "/v1/sandboxes/sb_0", `{}`, "no body"},
		{"POST", "/v1/sandboxes/sb_0/exec", `{"command":"true","timeout":"1x"}`, "Duration"},
		{"PUT", "/v1/sandboxes/sb_0/resources", `{"memory_bytes":"x"}`, "what the call takes"},
		{"POST", "/v1/sandboxes", `[]`, "what the call takes"},
	} {
		r.refused(c.method, c.path, c.body, http.StatusBadRequest, c.reason)
	}
	r.refused("GET", "/v1/codebases/", "{}", http.StatusNotFound, "not found")
}

func TestREST(t *testing.T) {
	t.Parallel()
	r := rest{t, serve(t, manager(t)).URL}
	cb := "/v1/codebases/" + r.ok("POST", "/v1/codebases", `{"name":"demo","owner_id":"me"}`)["id"].(string)
	up := r.ok("PUT", cb+"/files/src/main.py?mode=755", "print('hello')\n")
	if up["filePath"] != "src/main.py" || up["size"] != "15" || len(up["checksum"].(string)) != 64 {
		t.Errorf("uploaded: %v", up)
	}
	r.ok("PUT", cb+"/files/.env", "KEY=1")
	if got := r.ok("GET", cb+"/files?path=src", "")["files"].([]any); len(got) != 1 || got[0].(map[string]any)["mode"].(float64) != 0o100755 {
		t.Errorf("listed: %v", got)
	}
	if code, _, text := r.do("GET", cb+"/files/src/main.py", ""); code != 200 || text != "print('hello')\n" {
		t.Errorf("downloaded: %d %q", code, text)
	}
	if got := r.ok("GET", "/v1/codebases?owner_id=me&page_size=10", "")["codebases"].([]any); len(got) != 1 {
		t.Errorf("listed: %v", got)
	}
	sb := "/v1/sandboxes/" + r.ok("POST", "/v1/sandboxes", `{"codebase_id":"`+strings.TrimPrefix(cb, "/v1/codebases/")+`","preset":"agent-safe","start":true,"labels":{"k":"v"}}`)["id"].(string)
	got := r.ok("POST", sb+"/exec", `{"command":"cat src/main.py; ls -A; echo x > output/x; exit 3","timeout":"20s"}`)
	if got["exitCode"].(float64) != 3 || got["stdout"] != "print('hello')\noutput\nsrc\ntmp\n" {
		t.Errorf("ran: %v", got)
	}
	ses := r.ok("POST", sb+"/sessions", `{"shell":"/bin/sh"}`)["id"].(string)
	r.ok("POST", "/v1/sessions/"+ses+"/exec", `{"command":"A=1"}`)
	if got := r.ok("POST", "/v1/sessions/"+ses+"/exec", `{"command":"echo $A"}`); got["stdout"] != "1\n" {
		t.Errorf("ran: %v", got)
	}
	r.ok("GET", "/v1/sessions/"+ses, "")
	r.ok("DELETE", "/v1/sessions/"+ses, "")
	r.ok("GET", sb+"/sessions", "")
	r.ok("PUT", sb+"/files/output/y", "why")
	if code, _, text := r.do("GET", sb+"/files/output/y", ""); code != 200 || text != "why" {
		t.Errorf("read: %d %q", code, text)
	}
	if got := r.ok("GET", sb+"/files?recursive=true", "")["files"].([]any); len(got) != 6 {
		t.Errorf("listed: %v", got)
	}
	if got := r.ok("GET", sb+"/explain?path=/.env", ""); got["permission"] != "PERMISSION_NONE" {
		t.Errorf("explained: %v", got)
	}
	if got := r.ok("GET", sb+"/changes", "")["changes"].([]any); len(got) != 2 {
		t.Errorf("changes: %v", got)
	}
	if code, _, text := r.do("GET", sb+"/diff?path=output/x", ""); code != 200 || !strings.Contains(text, "+x\n") || strings.Contains(text, "why") {
		t.Errorf("diff: %d %q", code, text)
	}
	cp := r.ok("POST", sb+"/checkpoints", `{"name":"one"}`)["id"].(string)
	r.ok("GET", sb+"/checkpoints", "")
	r.ok("POST", sb+"/checkpoints/"+cp+"/restore", "{}")
	r.ok("DELETE", sb+"/checkpoints/"+cp, "")
	if got := r.ok("POST", sb+"/commit", `{"paths":["output/x"]}`)["report"].(map[string]any)["applied"].([]any); len(got) != 1 {
		t.Errorf("committed: %v", got)
	}
	r.ok("POST", sb+"/discard", "{}")
	fork := r.ok("POST", sb+"/fork", "{}")["id"].(string)
	r.ok("DELETE", "/v1/sandboxes/"+fork, "")
	r.ok("GET", sb+"/usage", "")
	r.refused("GET", "/v1/sandboxes?labels[k]=v", "", 400, "INVALID")
	r.refused("GET", "/v1/sandboxes?no_such=v", "", 400, "INVALID")
	r.ok("GET", "/v1/sandboxes?pageSize=1&codebase_id=x", "")
	r.ok("POST", sb+"/stop", "{}")
	r.ok("POST", sb+"/start", "{}")
	r.ok("GET", "/v1/presets", "")

	r.refused("GET", sb+"/files/.env", "", 404, "FILE_NOT_FOUND")
	r.refused("PUT", sb+"/files/src/main.py", "x", 403, "PERMISSION_DENIED")
	r.refused("POST", sb+"/exec", `{"command":"sleep 60","timeout":"0.1s"}`, 504, "COMMAND_TIMEOUT")
	r.refused("POST", sb+"/exec", `{"command":`, 400, "")
	r.refused("POST", sb+"/exec", `{"no_such":1}`, 400, "")
	r.refused("GET", "/v1/sandboxes/sb_0", "", 404, "SANDBOX_NOT_FOUND")
	r.refused("PUT", cb+"/files/a?mode=9", "x", 400, "INVALID")
	r.refused("PUT", cb+"/files/..%2F..%2Fx", "x", 400, "INVALID")
	r.refused("PUT", cb+"/archive", "no archive", 400, "INVALID")
	if code, _, _ := r.do("GET", "/v1/nothing", ""); code != 404 {
		t.Errorf("what is not there: %d", code)
	}
	if code, _, _ := r.do("PATCH", sb, ""); code != 405 {
		t.Errorf("what cannot be done: %d", code)
	}
	r.ok("DELETE", sb, "")
	r.ok("DELETE", cb, "")
}

func TestArchives(t *testing.T) {
	t.Parallel()
	r := rest{t, serve(t, manager(t)).URL}
	cb := "/v1/codebases/" + r.ok("POST", "/v1/codebases", "{}")["id"].(string)
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	must(t, w.WriteHeader(&tar.Header{Name: "d/a", Typeflag: tar.TypeReg, Mode: 0o644, Size: 3}))
	_, err := w.Write([]byte("abc"))
	must(t, err)
	must(t, w.Close())
	if got := r.ok("PUT", cb+"/archive", archive.String()); got["fileCount"].(float64) != 1 || got["size"] != "3" {
		t.Errorf("imported: %v", got)
	}
	code, _, text := r.do("GET", cb+"/archive", "")
	files := tar.NewReader(strings.NewReader(text))
	for _, want := range []string{"./", "d/", "d/a"} {
		if h, err := files.Next(); code != 200 || err != nil || h.Name != want {
			t.Fatalf("exported: %d, %v, %v, want %s", code, h, err, want)
		}
	}
}

// TestQuotas reaches each limit.
func TestQuotas(t *testing.T) {
	t.Parallel()
	r := rest{t, serve(t, manager(t), server.WithLimits(server.Limits{
		UploadBytes: 1000, Commands: 1, SandboxesPerOwner: 2, CodebasesPerOwner: 2, BytesPerOwner: 1500, OutputBytes: 100,
	})).URL}
	id := r.ok("POST", "/v1/codebases", "{}")["id"].(string)
	cb := "/v1/codebases/" + id
	r.ok("POST", "/v1/codebases", "{}")
	r.refused("POST", "/v1/codebases", "{}", 429, "QUOTA_EXCEEDED")
	r.refused("PUT", cb+"/files/a", strings.Repeat("x", 1001), 429, "TOO_LARGE")
	r.ok("PUT", cb+"/files/a", strings.Repeat("x", 1000))
	r.refused("PUT", cb+"/files/b", strings.Repeat("x", 501), 429, "QUOTA_EXCEEDED")
	r.ok("PUT", cb+"/files/b", strings.Repeat("x", 500))
	r.refused("PUT", cb+"/files/c", "x", 429, "QUOTA_EXCEEDED")
	create := `{"codebase_id":"` + id + `","preset":"full-access","start":true}`
	sb := "/v1/sandboxes/" + r.ok("POST", "/v1/sandboxes", create)["id"].(string)
	r.ok("POST", sb+"/fork", "{}")
	r.refused("POST", "/v1/sandboxes", create, 429, "QUOTA_EXCEEDED")
	r.refused("POST", sb+"/fork", "{}", 429, "QUOTA_EXCEEDED")
	r.refused("PUT", sb+"/files/big", strings.Repeat("x", 1001), 429, "TOO_LARGE")
	if got := r.ok("POST", sb+"/exec", `{"command":"seq 1000"}`); len(got["stdout"].(string)) > 100 || got["stdoutTruncated"] != true {
		t.Errorf("ran: %v", got)
	}
	done := make(chan bool)
	go func() {
		defer close(done)
		r.do("POST", sb+"/exec", `{"command":"touch begun; while [ ! -e go ]; do sleep 0.01; done","timeout":"60s"}`)
	}()
	for {
		if code, _, _ := r.do("GET", sb+"/files/begun", ""); code == 200 {
			break
		}
	}
	r.refused("POST", sb+"/exec", `{"command":"true"}`, 429, "QUOTA_EXCEEDED")
	r.ok("PUT", sb+"/files/go", "")
	<-done
	r.ok("POST", sb+"/exec", `{"command":"true"}`)
}
