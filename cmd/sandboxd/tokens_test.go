// SPDX-License-Identifier: MIT

//go:build linux

package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"

	pb "github.com/sandbox-rls/sandbox/server/sandboxv1"
)

func contains(b *buffer, text string) bool { return strings.Contains(b.String(), text) }

// create makes a token by the command.
func create(t *testing.T, state, owner string, args ...string) (id, text string) {
	t.Helper()
	out, note, code := run(t, append([]string{"token", "create", "--state-dir", state, "--owner", owner}, args...)...)
	fields := strings.Fields(note)
	if code != 0 || len(fields) < 3 || strings.Count(out, "\n") != 1 {
		t.Fatalf("token create: %d, %q, %q", code, out, note)
	}
	return fields[2], strings.TrimSpace(out)
}

func TestTokens(t *testing.T) {
	state := t.TempDir()
	_, alice := create(t, state, "alice")
	d := start(t, "--state-dir", state, "--listen", "0.0.0.0:0", "--insecure", "--log-level", "debug", "--log-format", "json")
	d.address = "127.0.0.1" + d.address[strings.LastIndexByte(d.address, ':'):]
	code := func(token string) connect.Code {
		d.token = token
		if err := d.alive(); err != nil {
			return connect.CodeOf(err)
		}
		return 0
	}
	if got := code(""); got != connect.CodeUnauthenticated {
		t.Errorf("without a token: %v", got)
	}
	if got := code(alice); got != 0 {
		t.Errorf("with one: %v", got)
	}
	// While it runs.
	bobID, bob := create(t, state, "bob", "--expires", "1h")
	if got := code(bob); got != 0 {
		t.Errorf("with a new one: %v", got)
	}
	_, short := create(t, state, "carol", "--expires", "1ms")
	if got := code(short); got != connect.CodeUnauthenticated {
		t.Errorf("with an expired one: %v", got)
	}
	list, _, _ := run(t, "token", "list", "--state-dir", state)
	for _, want := range []string{"alice", "never", "bob", bobID, "carol", "expired"} {
		if !strings.Contains(list, want) {
			t.Errorf("%q is not in\n%s", want, list)
		}
	}
	out, _, _ := run(t, "token", "list", "--state-dir", state, "--json")
	if strings.Count(out, "\n") != 3 || !strings.Contains(out, `"owner":"alice"`) || strings.Contains(out, "hash") {
		t.Errorf("as JSON they are\n%s", out)
	}
	if _, note, status := run(t, "token", "revoke", "--state-dir", state, bobID); status != 0 {
		t.Errorf("token revoke: %s", note)
	}
	if got := code(bob); got != connect.CodeUnauthenticated {
		t.Errorf("with a revoked one: %v", got)
	}
	if _, note, status := run(t, "token", "revoke", "--state-dir", state, bobID); status == 0 || !strings.Contains(note, "token not found") {
		t.Errorf("token revoke again: %d, %s", status, note)
	}
	if got := code(alice); got != 0 {
		t.Errorf("with the first: %v", got)
	}
	// What is one's is not another's.
	_, err := d.codebases().CreateCodebase(context.Background(), &pb.CreateCodebaseRequest{})
	must(t, err)
	_, dave := create(t, state, "dave")
	d.token = dave
	page, err := d.codebases().ListCodebases(context.Background(), &pb.ListCodebasesRequest{})
	if err != nil || len(page.Codebases) > 0 {
		t.Errorf("dave has %v, %v", page, err)
	}
	data, err := os.ReadFile(filepath.Join(state, "tokens.json"))
	must(t, err)
	for _, token := range []string{alice, bob, short, dave} {
		secret := token[len(token)-40:]
		if contains(d.log, secret) || strings.Contains(string(data), secret) || strings.Contains(list, secret) {
			t.Error("a token is where it must not be")
		}
	}
	eventually(t, "something is logged of alice", func() bool { return contains(d.log, `"owner":"alice"`) })
}

// TestTokensOnLoopback: they are asked for as soon as there are any, or with --auth.
func TestTokensOnLoopback(t *testing.T) {
	state := t.TempDir()
	d := start(t, "--state-dir", state, "--auth")
	if got := connect.CodeOf(d.alive()); got != connect.CodeUnauthenticated {
		t.Errorf("--auth: %v", got)
	}
	_, d.token = create(t, state, "alice")
	must(t, d.alive())
	d.signal(15)
	d.end()

	d = start(t, "--state-dir", state)
	if got := connect.CodeOf(d.alive()); got != connect.CodeUnauthenticated {
		t.Errorf("with tokens: %v", got)
	}
	d.signal(15)
	d.end()
	must(t, start(t, "--state-dir", state, "--no-auth").alive())
}

func TestTokenUsage(t *testing.T) {
	refused(t, "give --owner", "token", "create", "--state-dir", t.TempDir())
	refused(t, "an owner is", "token", "create", "--state-dir", t.TempDir(), "--owner", "a\nb")
	refused(t, "one token", "token", "revoke", "--state-dir", t.TempDir())
	refused(t, "negative", "token", "create", "--state-dir", t.TempDir(), "--owner", "x", "--expires", (-time.Second).String())
}
