// SPDX-License-Identifier: MIT

package bwrap_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long something that must come is awaited.
const patience = time.Minute

// holders lists the processes of bwrap that make a sandbox of the given host
// name, or keep it: bwrap itself, and its child until that executes the init.
func holders(hostname string) []int {
	var pids []int
	names, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range names {
		line, _ := os.ReadFile(name)
		if strings.HasPrefix(string(line), "bwrap\x00") && strings.Contains(string(line), "\x00--hostname\x00"+hostname+"\x00") {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
			pids = append(pids, pid)
		}
	}
	return pids
}

// beneath lists all processes that descend from one.
func beneath(ancestor int) []int {
	parents := map[int]int{}
	names, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range names {
		line, _ := os.ReadFile(name)
		var pid, parent int
		var state string
		_, _ = fmt.Sscan(string(line), &pid)
		if _, err := fmt.Sscan(string(line[strings.LastIndexByte(string(line), ')')+1:]), &state, &parent); err == nil && state != "Z" {
			parents[pid] = parent
		}
	}
	var pids []int
	for pid := range parents {
		for p := parents[pid]; p > 1; p = parents[p] {
			if p == ancestor {
				pids = append(pids, pid)
				break
			}
		}
	}
	return pids
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// TestBwrapHolds looks at what bwrap has of the host and of the sandbox, for as
// long as that runs.
func TestBwrapHolds(t *testing.T) {
	require(t)
	rt := open(t)
	name := rand.Text()
	in, err := rt.Start(t.Context(), config(t, rt, name))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	proc := fmt.Sprintf("/proc/%d/", holders(name)[0])
	t.Run("root", func(t *testing.T) {
		dirs, err := os.ReadDir(proc + "root")
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range dirs {
			switch d.Name() {
			case "bin", "dev", "etc", "home", "lib", "lib32", "lib64", "libx32", "proc", "sbin", "tmp", "usr", "workspace":
			default:
				t.Errorf("it sees /%s", d.Name())
			}
		}
		mounts, err := os.ReadFile(proc + "mountinfo")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(mounts)) {
			if f := strings.Fields(line); f[3] != "/" || f[4] != "/" {
				continue
			} else if f[len(f)-3] != "tmpfs" {
				t.Errorf("its root is %s", line)
			}
		}
	})
	t.Run("files", func(t *testing.T) {
		// It closes what was its child's when that goes on, which may have got further by now.
		var open []string
		defer func() {
			if t.Failed() {
				t.Logf("it has %q open", open)
			}
		}()
		eventually(t, "it has nothing open but its own", func() bool {
			files, err := os.ReadDir(proc + "fd")
			if err != nil {
				t.Fatal(err)
			}
			open = nil
			for _, f := range files {
				to, err := os.Readlink(proc + "fd/" + f.Name())
				if err == nil && to != "/dev/null" && !strings.HasPrefix(to, "/memfd:bwrap") && !strings.HasPrefix(to, "anon_inode:") {
					open = append(open, to)
				}
			}
			return len(open) == 0
		})
	})
	t.Run("capabilities", func(t *testing.T) {
		status, err := os.ReadFile(proc + "status")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(status), "\nCapPrm:\t0000000000000000\n") || !strings.Contains(string(status), "\nNoNewPrivs:\t1\n") {
			t.Errorf("it is privileged:\n%s", status)
		}
	})
}

// TestBwrapDies kills bwrap beneath a sandbox.
func TestBwrapDies(t *testing.T) {
	require(t)
	rt := open(t)
	name := rand.Text()
	in, err := rt.Start(t.Context(), config(t, rt, name))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	works(t, in)
	pids := holders(name)
	if len(pids) != 1 {
		t.Fatalf("the processes of bwrap are %v", pids)
	}
	all := append(beneath(pids[0]), pids...)
	if err := unix.Kill(pids[0], unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-in.Done()
	if err := in.Close(); err != nil {
		t.Error(err)
	}
	for _, pid := range all {
		// Its parent may not have reaped it yet.
		if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil && !strings.Contains(string(stat), ") Z ") {
			t.Errorf("process %d is left: %s", pid, stat)
		}
	}
}

// TestCutOff kills bwrap, or gives the start up, as soon as bwrap is there:
// wherever it is by then, nothing is left of it.
func TestCutOff(t *testing.T) {
	require(t)
	rt := open(t)
	for i := range 30 {
		name := rand.Text()
		cfg := config(t, rt, name)
		ctx, cancel := context.WithCancel(t.Context())
		started := make(chan error)
		go func() {
			in, err := rt.Start(ctx, cfg)
			if err == nil {
				<-in.Done()
				in.Close()
			}
			started <- err
		}()
		eventually(t, "bwrap appears", func() bool {
			pids := holders(name)
			if len(pids) > 0 && i%2 == 0 {
				_ = unix.Kill(min(pids[0], pids[len(pids)-1]), unix.SIGKILL)
			}
			return len(pids) > 0
		})
		if i%2 == 1 {
			cancel()
			// It may have been quicker.
			for _, pid := range holders(name) {
				_ = unix.Kill(pid, unix.SIGKILL)
			}
		}
		<-started
		cancel()
		if left := holders(name); len(left) > 0 {
			t.Fatalf("processes %v are left", left)
		}
	}
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
	if left := beneath(os.Getpid()); len(left) > 0 {
		t.Errorf("processes %v are left", left)
	}
}
