// SPDX-License-Identifier: MIT

//go:build unix

package token_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox/server/token"
)

// TestOthersDirectory makes a token in a directory whose owner has put links there:
// root, who does that for a server of another user, must not be led by them to
// change, or give away, what is elsewhere.
func TestOthersDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	victim := filepath.Join(t.TempDir(), "shadow")
	if err := os.WriteFile(victim, []byte("root's own"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "tokens.json")
	if os.Geteuid() == 0 {
		if err := os.Chown(dir, 12345, 12345); err != nil {
			t.Fatal(err)
		}
	}
	unchanged := func(what string) {
		t.Helper()
		fi, err := os.Stat(victim)
		if err != nil || fi.Sys().(*syscall.Stat_t).Uid != uint32(os.Geteuid()) || fi.Mode() != 0o600 {
			t.Errorf("%s: the file became %v, %v, of user %d", what, fi.Mode(), err, fi.Sys().(*syscall.Stat_t).Uid)
		}
	}
	if err := os.Symlink(victim, path+".lock"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := token.NewStore(path).Create("alice", 0); err == nil {
		t.Error("a lock was taken through a link")
	}
	unchanged("a symbolic link")
	if err := os.Remove(path + ".lock"); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(victim, path+".lock"); err != nil {
		t.Fatal(err)
	}
	_, _, _ = token.NewStore(path).Create("alice", 0)
	unchanged("a second name")
	if err := os.Remove(path + ".lock"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := token.NewStore(path).Create("alice", 0); err != nil {
		t.Error(err)
	}
	if os.Geteuid() == 0 {
		for _, name := range []string{path, path + ".lock"} {
			if fi, err := os.Stat(name); err != nil || fi.Sys().(*syscall.Stat_t).Uid != 12345 {
				t.Errorf("%s is not the directory's owner's: %v, %v", name, fi, err)
			}
		}
	}
}

// TestPipe has a FIFO in the place of the file: it is an error, and nobody waits.
func TestPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens.json")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := token.NewStore(path).List()
		done <- err
	}()
	select {
	case err := <-done:
		if err == nil {
			t.Error("it was read")
		}
	case <-time.After(time.Minute):
		t.Error("it waits for somebody to write")
	}
}
