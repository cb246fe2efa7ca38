// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/internal/servicetest"
)

func TestService(t *testing.T) {
	t.Parallel()
	servicetest.Run(t, func(t *testing.T) sandbox.Service {
		m, _ := manager(t)
		return m
	})
}

// remote is a service of which only the methods of Service can be called.
type remote struct{ sandbox.Service }

// TestFromLocalUploads makes a sandbox by a service that cannot reach the
// directory.
func TestFromLocalUploads(t *testing.T) {
	t.Parallel()
	m, _ := manager(t)
	dir := project(t, sample)
	check(t, os.Symlink("README.md", filepath.Join(dir, "alias")))
	svc := sandbox.WithService(remote{m})
	sb, err := sandbox.FromLocal(t.Context(), dir, svc, sandbox.WithRules(
		sandbox.Rule{Pattern: "/**", Permission: sandbox.Read}, sandbox.Rule{Pattern: "/.env", Permission: sandbox.None, Priority: 1},
		sandbox.Rule{Pattern: "/deploy.key", Permission: sandbox.View, Priority: 1}, sandbox.Rule{Pattern: "/output/**", Permission: sandbox.Write}))
	check(t, err)
	if got := must(t, sb, "cat alias; ls; stat -c %s deploy.key; echo x > output/x"); got != "# Sample\nREADME.md\nalias\ndeploy.key\nlink\noutput\nsecrets\nsrc\n7" {
		t.Errorf("got %q", got)
	}
	mustNot(t, sb, "cat .env")
	id := infoOf(t, sb).CodebaseID
	files, err := m.ListFiles(t.Context(), id, "", false)
	check(t, err)
	for _, f := range files {
		if f.Name == ".env" {
			t.Error("what is hidden was uploaded")
		}
	}
	if got := download(t, m, id, "deploy.key"); got != "\x00\x00\x00\x00\x00\x00\x00" {
		t.Errorf("of what can only be listed %q was uploaded", got)
	}
	_, err = sb.StartCommand(t.Context(), sandbox.ExecRequest{Command: "true"})
	wantError(t, err, sandbox.ErrUnsupported)
	again, err := sandbox.Connect(t.Context(), sb.ID(), svc)
	check(t, err)
	must(t, again, "true")
	check(t, sb.Close())
	_, err = m.GetCodebase(t.Context(), id)
	wantError(t, err, sandbox.ErrCodebaseNotFound)
	_, err = sandbox.FromLocal(t.Context(), dir, svc, sandbox.WithLive())
	wantError(t, err, sandbox.ErrUnsupported)
}

// TestStaysStatic: what imports net or os/user is linked dynamically where there is
// cgo, and each init, which is the program itself, pays for that when it starts.
func TestStaysStatic(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-deps", "github.com/sandbox-rls/sandbox").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, name := range strings.Fields(string(out)) {
		if name == "net" || name == "os/user" {
			t.Errorf("the package imports %s", name)
		}
	}
}
