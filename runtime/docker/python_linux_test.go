// SPDX-License-Identifier: MIT

package docker_test

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/runtime"
)

// pythonImage is an image as users name it, which the engine of the tests has.
const pythonImage = "python:3.11-slim"

// wheel is a package of Python (https://packaging.python.org/en/latest/specifications/binary-distribution-format).
func wheel(t *testing.T) string {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, f := range [][2]string{
		{"greeting.py", "def greet(name):\n    return f'Hello, {name}!'\n"},
		{"greeting-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n"},
		{"greeting-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"},
		{"greeting-1.0.dist-info/RECORD", "greeting.py,,\ngreeting-1.0.dist-info/METADATA,,\ngreeting-1.0.dist-info/WHEEL,,\ngreeting-1.0.dist-info/RECORD,,\n"},
	} {
		out, err := w.Create(f[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write([]byte(f[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

// TestPythonProject installs what a project needs, from a directory of it instead of
// the network, and runs its tests.
func TestPythonProject(t *testing.T) {
	rt := open(t, pythonImage)
	dir := project(t, map[string]string{
		"requirements.txt":                     "--no-index\n--find-links wheels\ngreeting==1.0\n",
		"wheels/greeting-1.0-py3-none-any.whl": wheel(t),
		"test_greeting.py":                     "from greeting import greet\n\ndef test_greet():\n    assert greet('World') == 'Hello, World!'\n",
		".env":                                 "SECRET=1\n",
	})
	sb, err := manager(t).FromLocal(t.Context(), dir,
		sandbox.WithPreset("agent-safe"),
		sandbox.WithRuntime(rt),
		sandbox.WithImage(pythonImage),
		sandbox.WithResources(sandbox.ResourceLimits{MemoryBytes: 512 << 20, PidsLimit: 100}),
	)
	if err != nil {
		t.Fatal(err)
	}
	defer sb.Close()
	// Use a session for stateful commands
	session, err := sb.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	for _, command := range []string{"cd /workspace", "pip install -r requirements.txt", "pytest"} {
		r, err := session.Exec(t.Context(), command)
		if err != nil || r.ExitCode != 0 {
			t.Fatalf("%s: %+v, %v", command, r, err)
		}
		if command == "pytest" && !strings.Contains(r.Stdout, "1 passed") {
			t.Errorf("pytest: %s", r.Stdout)
		}
	}
	if r := run(t, sb, "cat .env"); r.ExitCode == 0 {
		t.Errorf("the secret can be read: %+v", r)
	}
	info, err := sb.Info(t.Context())
	if err != nil || info.Image != pythonImage || len(info.Enforced) != 2 || info.Enforced[0].By == "" {
		t.Errorf("got %+v, %v", info, err)
	}
}

// TestLowLevel goes the way of the service, call by call.
func TestLowLevel(t *testing.T) {
	rt := open(t, busybox)
	client, err := sandbox.NewManager(sandbox.Config{Runtimes: []runtime.Runtime{rt}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx := t.Context()
	// Create a codebase (file storage)
	codebase, err := client.CreateCodebase(ctx, sandbox.CreateCodebaseRequest{Name: "my-project", OwnerID: "user_123"})
	if err != nil {
		t.Fatal(err)
	}
	// Upload a file
	if _, err := client.UploadFile(ctx, codebase.ID, "hello.py", strings.NewReader("print(\"Hello, World!\")\n"), sandbox.UploadOptions{}); err != nil {
		t.Fatal(err)
	}
	// Create a sandbox with permissions and Docker runtime
	sb, err := client.CreateSandbox(ctx, sandbox.CreateSandboxRequest{
		CodebaseID: codebase.ID,
		Rules: []sandbox.Rule{
			{Pattern: "**/*.py", Permission: sandbox.Read},
			{Pattern: "/docs/**", Permission: sandbox.Write},
		},
		Runtime:   "docker",
		Image:     pythonImage,
		Resources: sandbox.ResourceLimits{MemoryBytes: 256 << 20},
	})
	if err != nil {
		t.Fatal(err)
	}
	// Start the sandbox
	if _, err := client.StartSandbox(ctx, sb.ID); err != nil {
		t.Fatal(err)
	}
	// Execute a command
	result, err := client.Exec(ctx, sb.ID, sandbox.ExecRequest{Command: "python hello.py"})
	if err != nil || result.Stdout != "Hello, World!\n" {
		t.Errorf("got %+v, %v", result, err)
	}
	if r, err := client.Exec(ctx, sb.ID, sandbox.ExecRequest{Command: "echo x > docs/a && cat docs/a; echo x > hello.py; ls"}); err != nil || r.Stdout != "x\ndocs\nhello.py\n" || r.ExitCode != 0 {
		t.Errorf("got %+v, %v", r, err)
	}
	// Clean up
	if err := client.DestroySandbox(ctx, sb.ID); err != nil {
		t.Error(err)
	}
	if err := client.DeleteCodebase(ctx, codebase.ID); err != nil {
		t.Error(err)
	}
}
