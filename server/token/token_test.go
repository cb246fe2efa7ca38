// SPDX-License-Identifier: MIT

package token_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/token"
)

func newStore(t *testing.T) *token.Store {
	t.Helper()
	return token.NewStore(filepath.Join(t.TempDir(), "dir", "tokens.json"))
}

func create(t *testing.T, s *token.Store, owner string, expires time.Duration) (token.Token, string) {
	t.Helper()
	tok, text, err := s.Create(owner, expires)
	if err != nil {
		t.Fatal(err)
	}
	return tok, text
}

func owner(t *testing.T, s *token.Store, text string) string {
	t.Helper()
	owner, err := s.Authenticate(context.Background(), text)
	if err != nil && !errors.Is(err, sandbox.ErrUnauthenticated) {
		t.Errorf("got %v", err)
	}
	if (err == nil) != (owner != "") {
		t.Errorf("owner %q, %v", owner, err)
	}
	return owner
}

func TestLife(t *testing.T) {
	s := newStore(t)
	other := token.NewStore(s.Path()) // of another process
	if got := owner(t, s, "sbx_000000000000_"+strings.Repeat("A", 43)); got != "" {
		t.Errorf("no token is %q's", got)
	}
	a, secretA := create(t, other, "alice", 0)
	_, secretB := create(t, other, "bob", time.Hour)
	for range 2 {
		if got := owner(t, s, secretA); got != "alice" {
			t.Errorf("the first is %q's", got)
		}
		if got := owner(t, s, secretB); got != "bob" {
			t.Errorf("the second is %q's", got)
		}
	}
	list, err := s.List()
	if err != nil || len(list) != 2 || list[0].ID != a.ID || list[1].Owner != "bob" || list[1].Expires.IsZero() || !list[0].Expires.IsZero() {
		t.Errorf("listed are %+v, %v", list, err)
	}
	if err := other.Revoke(a.ID); err != nil {
		t.Fatal(err)
	}
	if got := owner(t, s, secretA); got != "" {
		t.Errorf("a revoked one is %q's", got)
	}
	if got := owner(t, s, secretB); got != "bob" {
		t.Errorf("the other is %q's", got)
	}
	if err := other.Revoke(a.ID); !errors.Is(err, token.ErrNotFound) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestFile(t *testing.T) {
	s := newStore(t)
	_, text := create(t, s, "alice", 0)
	info, err := os.Stat(s.Path())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("it has mode %v, %v", info.Mode(), err)
	}
	data, err := os.ReadFile(s.Path())
	if err != nil {
		t.Fatal(err)
	}
	secret := text[strings.LastIndexByte(text[:20], '_')+1:]
	if strings.Contains(string(data), secret) || !strings.Contains(string(data), "alice") {
		t.Errorf("it has %s", data)
	}
	left, err := os.ReadDir(filepath.Dir(s.Path()))
	if err != nil || len(left) != 2 { // and the lock
		t.Errorf("there are %v, %v", left, err)
	}
	// What is not understood lets nobody in, and is not overwritten.
	for _, broken := range []string{"", "{", `{"version":2,"tokens":[]}`, `{"version":1,"tokens":[],"x":1}`, string(data) + "x"} {
		if err := os.WriteFile(s.Path(), []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if owner, err := s.Authenticate(context.Background(), text); err == nil || errors.Is(err, sandbox.ErrUnauthenticated) {
				t.Errorf("with %q in it it says %q, %v", broken, owner, err)
			}
		}
		if _, _, err := s.Create("bob", 0); err == nil {
			t.Errorf("with %q in it another one is made", broken)
		}
	}
	if err := os.Remove(s.Path()); err != nil {
		t.Fatal(err)
	}
	if got := owner(t, s, text); got != "" {
		t.Errorf("without the file it is %q's", got)
	}
}

func TestExpiry(t *testing.T) {
	s := newStore(t)
	tok, text := create(t, s, "alice", time.Second)
	got := owner(t, s, text)
	if got != "alice" && time.Now().Before(tok.Expires) { // else it had no chance
		t.Errorf("it is %q's", got)
	}
	time.Sleep(time.Until(tok.Expires) + time.Millisecond)
	if got := owner(t, s, text); got != "" {
		t.Errorf("expired, it is %q's", got)
	}
	if list, err := s.List(); err != nil || len(list) != 1 || !list[0].Expired(time.Now()) {
		t.Errorf("listed are %v, %v", list, err)
	}
}

func TestInvalid(t *testing.T) {
	s := newStore(t)
	for _, owner := range []string{"", "a\nb", "\xff", strings.Repeat("x", 257), "a\x7f"} {
		if _, _, err := s.Create(owner, 0); !errors.Is(err, sandbox.ErrInvalid) {
			t.Errorf("owner %q: %v", owner, err)
		}
	}
	if _, _, err := s.Create("alice", -1); !errors.Is(err, sandbox.ErrInvalid) {
		t.Errorf("got %v", err)
	}
	_, text := create(t, s, "alice", 0)
	_, another := create(t, s, "bob", 0)
	for _, wrong := range []string{
		"", "sbx_", text[:len(text)-1], text + "A", " " + text, strings.ToUpper(text), text[:17] + another[17:], strings.TrimPrefix(text, "sbx_"),
		text[:len(text)-1] + "!", text + "=",
	} {
		if got := owner(t, s, wrong); got != "" {
			t.Errorf("%q is %q's", wrong, got)
		}
	}
}

// TestTurns has many make tokens at a time.
func TestTurns(t *testing.T) {
	s := newStore(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			mine := token.NewStore(s.Path())
			for range 5 {
				tok, text, err := mine.Create("x", 0)
				if err != nil {
					t.Error(err)
					return
				}
				if owner, err := s.Authenticate(context.Background(), text); owner != "x" {
					t.Errorf("a new one is %q's, %v", owner, err)
				}
				if err := mine.Revoke(tok.ID); err != nil {
					t.Error(err)
				}
				if owner, _ := s.Authenticate(context.Background(), text); owner != "" {
					t.Errorf("a revoked one is %q's", owner)
				}
				if _, _, err := mine.Create("y", 0); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if list, err := s.List(); err != nil || len(list) != 40 {
		t.Errorf("%d are left, %v", len(list), err)
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	s := token.NewStore(filepath.Join(b.TempDir(), "tokens.json"))
	_, text, err := s.Create("alice", 0)
	if err != nil {
		b.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(s.Path(), old, old); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.Authenticate(context.Background(), text); err != nil {
			b.Fatal(err)
		}
	}
}
