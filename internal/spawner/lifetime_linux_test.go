// SPDX-License-Identifier: MIT

package spawner_test

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/control"
	"github.com/sandbox-rls/sandbox/internal/spawner"
)

// ownerVariable makes the test binary an owner that has inits forked until it is killed.
const ownerVariable = "SPAWNER_TEST_OWNER"

func TestMain(m *testing.M) {
	if os.Getenv(ownerVariable) != "" {
		own()
	}
	os.Exit(m.Run())
}

func own() {
	s, err := spawner.Begin("")
	for err == nil {
		_, _, err = s.Spawn(request()) // never closed
		fmt.Println("another")
	}
	fmt.Println(err)
	os.Exit(1)
}

func TestClose(t *testing.T) {
	s, pid := begin(t)
	var inits []*spawner.Process
	for range 5 { // their sockets stay open
		p, conn := spawn(t, s)
		defer conn.Close()
		inits = append(inits, p)
	}
	s.Close()
	for _, p := range inits {
		if alive(p.PID) {
			t.Errorf("init %d is alive", p.PID)
		}
		p.Kill()
	}
	if field(pid, "PPid") != "" {
		t.Error("the spawner is there")
	}
	if _, _, err := s.Spawn(request()); !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if !s.Gone() {
		t.Error("the spawner is not known to have ended")
	}
	s.Close()
}

// TestCloseAtOnce closes spawners that have just begun, and that are asked
// for inits meanwhile.
func TestCloseAtOnce(t *testing.T) {
	became(t, func() {
		s, _ := begin(t) // whose poller Go opens files for, and keeps
		s.Close()
		before := count(t, os.Getpid())
		for range 20 {
			s, err := spawner.Begin("")
			if err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					p, conn, err := s.Spawn(request())
					if err == nil {
						p.Kill()
						conn.Close()
					} else if !errors.Is(err, os.ErrClosed) {
						t.Errorf("got %v", err)
					}
				})
			}
			if rand.IntN(2) == 0 {
				time.Sleep(time.Duration(rand.IntN(3000)) * time.Microsecond)
			}
			s.Close()
			wg.Wait()
		}
		// What was asked when a spawner ended may still be closing its socket.
		eventually(t, "no more files are open than before", func() bool { return count(t, os.Getpid()) <= before })
	})
}

func TestDeath(t *testing.T) {
	s, pid := begin(t)
	p, conn := spawn(t, s)
	defer conn.Close()
	if err := unix.Kill(pid, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	// Whether its end is known yet or not.
	if _, _, err := s.Spawn(request()); !errors.Is(err, spawner.ErrGone) {
		t.Errorf("got %v", err)
	}
	if _, err := s.MapIDs(&control.MapIDs{}); !errors.Is(err, spawner.ErrGone) {
		t.Errorf("got %v", err)
	}
	if !s.Gone() {
		t.Error("it is not known to be gone")
	}
	eventually(t, "the init dies", func() bool { return !alive(p.PID) })
	p.Kill()
}

// TestDeathLeavesNoZombie is about an owner that is given the orphans of its
// descendants, as PID 1 of a container is.
func TestDeathLeavesNoZombie(t *testing.T) {
	became(t, func() {
		s, pid := begin(t)
		p, conn := spawn(t, s)
		defer conn.Close()
		if err := unix.Kill(pid, unix.SIGKILL); err != nil {
			t.Fatal(err)
		}
		eventually(t, "its end is known", s.Gone)
		eventually(t, "the init is this process's child", func() bool { return field(p.PID, "PPid") == fmt.Sprint(os.Getpid()) })
		p.Kill()
		if state := field(p.PID, "State"); state != "" {
			t.Errorf("the init is left as %s", state)
		}
	})
}

// TestOwnerIsKilled kills owners at any point of what they do, and waits for
// whatever they leave to end.
func TestOwnerIsKilled(t *testing.T) {
	for range 15 {
		became(t, func() {
			cmd := exec.Command("/proc/self/exe")
			cmd.Env = append(os.Environ(), ownerVariable+"=1")
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if line, err := bufio.NewReader(out).ReadString('\n'); line != "another\n" {
				t.Fatalf("the owner said %q, %v", line, err)
			}
			time.Sleep(time.Duration(rand.IntN(10_000)) * time.Microsecond)
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
		})
	}
}

// became runs something while this process is the one that its descendants'
// orphans are given to, and then waits until no child is left.
func became(t *testing.T, do func()) {
	t.Helper()
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0); err != nil {
			t.Fatal(err)
		}
	}()
	do()
	eventually(t, "no child is left", func() bool {
		for {
			pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil)
			if err == unix.ECHILD {
				return true
			}
			if err != nil || pid <= 0 {
				return false
			}
		}
	})
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}
