// SPDX-License-Identifier: MIT

package statedir_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox/internal/statedir"
)

func TestOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "state")
	d, err := statedir.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := statedir.Open(path); !errors.Is(err, syscall.EWOULDBLOCK) || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
		t.Errorf("opened twice: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	again, err := statedir.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("an explicit directory is gone: %v", err)
	}
	t.Run("lock that leads elsewhere", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.Symlink("/etc/passwd", filepath.Join(dir, "lock")); err != nil {
			t.Fatal(err)
		}
		if _, err := statedir.Open(dir); !errors.Is(err, syscall.ELOOP) {
			t.Errorf("got %v", err)
		}
	})
}

// TestOwnerDied opens a directory of which the owner is gone, but not yet a child
// that has its lock.
func TestOwnerDied(t *testing.T) {
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintln(f, dead.Process.Pid); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	released := make(chan struct{})
	defer func() { <-released }() // before f is closed
	fd := int(f.Fd())
	time.AfterFunc(200*time.Millisecond, func() {
		defer close(released)
		_ = syscall.Flock(fd, syscall.LOCK_UN)
	})
	d, err := statedir.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

func TestTemporary(t *testing.T) {
	base := t.TempDir()
	t.Setenv("TMPDIR", base)
	// Left by a process that is gone, with what its owner must open first.
	left := filepath.Join(base, "sandbox-state-left")
	if err := os.MkdirAll(filepath.Join(left, "closed", "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(left, "lock"), []byte("1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(left, "closed"), 0); err != nil {
		t.Fatal(err)
	}
	// Nobody's: one that is only just being made, and one of another kind.
	for _, name := range []string{"sandbox-state-unlocked", "sandbox-other"} {
		if err := os.Mkdir(filepath.Join(base, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			d, err := statedir.Temporary()
			if err != nil {
				t.Error(err)
				return
			}
			if filepath.Dir(d.Path) != base {
				t.Errorf("it is %s", d.Path)
			}
			if err := os.WriteFile(filepath.Join(d.Path, "mine"), nil, 0o600); err != nil {
				t.Errorf("another took it away: %v", err)
			}
			other, err := statedir.Temporary()
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := os.Stat(filepath.Join(d.Path, "mine")); err != nil {
				t.Errorf("another took it away: %v", err)
			}
			for _, d := range []*statedir.Dir{d, other} {
				if err := d.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	entries, err := os.ReadDir(base)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if got := strings.Join(names, " "); got != "sandbox-other sandbox-state-unlocked" {
		t.Errorf("there are %s", got)
	}
}

func TestPlace(t *testing.T) {
	base := t.TempDir()
	t.Setenv("TMPDIR", base)
	if got, err := statedir.Place(); got != base || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
	t.Setenv("TMPDIR", filepath.Join(base, "missing"))
	if got, err := statedir.Place(); got != "/var/tmp" && got != "/dev/shm" || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
}
