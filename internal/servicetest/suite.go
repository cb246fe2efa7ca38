// SPDX-License-Identifier: MIT

package servicetest

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox"
)

// Run runs the suite. Each call of open returns a service that holds nothing else
// while the test runs.
func Run(t *testing.T, open func(t *testing.T) sandbox.Service) {
	for name, test := range map[string]func(*world){
		"Sandboxes": testSandboxes, "Pages": testPages, "Unknown": testUnknown, "Repeated": testRepeated,
		"Commands": testCommands, "Sessions": testSessions, "Codebases": testCodebases, "Archives": testArchives,
		"Paths": testPaths, "Files": testFiles, "Writers": testWriters, "Delta": testDelta, "Expect": testExpect, "AtOnce": testAtOnce,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(&world{T: t, svc: open(t), ctx: t.Context()})
		})
	}
}

// world is a service that is tested.
type world struct {
	*testing.T
	svc sandbox.Service
	ctx context.Context
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// want checks that an error is of a kind.
func (w *world) want(what string, err, kind error) {
	w.Helper()
	if !errors.Is(err, kind) {
		w.Errorf("%s: got error %v, want one that is %v", what, err, kind)
	}
}

var readWrite = []sandbox.Rule{{Pattern: "/**", Permission: sandbox.Write}, {Pattern: "/secret/**", Permission: sandbox.None, Priority: 1}}

// codebase makes a codebase of files.
func (w *world) codebase(files map[string]string) *sandbox.Codebase {
	w.Helper()
	c, err := w.svc.CreateCodebase(w.ctx, sandbox.CreateCodebaseRequest{Name: "test", OwnerID: "owner"})
	w.must(err)
	for name, content := range files {
		w.upload(c.ID, name, content)
	}
	return c
}

func (w *world) upload(id, name, content string) {
	w.Helper()
	_, err := w.svc.UploadFile(w.ctx, id, name, strings.NewReader(content), sandbox.UploadOptions{})
	w.must(err)
}

func (w *world) download(id, name string) string {
	w.Helper()
	r, err := w.svc.DownloadFile(w.ctx, id, name)
	w.must(err)
	defer r.Close()
	data, err := io.ReadAll(r)
	w.must(err)
	return string(data)
}

// start makes a sandbox that runs.
func (w *world) start(codebaseID string) string {
	w.Helper()
	info, err := w.svc.CreateSandbox(w.ctx, sandbox.CreateSandboxRequest{CodebaseID: codebaseID, Rules: readWrite, Start: true})
	w.must(err)
	return info.ID
}

// run runs a command, which has to succeed.
func (w *world) run(id, command string) string {
	w.Helper()
	r, err := w.svc.Exec(w.ctx, id, sandbox.ExecRequest{Command: command})
	w.must(err)
	if r.ExitCode != 0 {
		w.Fatalf("%s: exit code %d, %s", command, r.ExitCode, r.Stderr)
	}
	return r.Stdout
}

func (w *world) status(id string, want sandbox.Status) {
	w.Helper()
	info, err := w.svc.GetSandbox(w.ctx, id)
	w.must(err)
	if info.Status != want {
		w.Errorf("the sandbox is %s, want %s", info.Status, want)
	}
}
