// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"bufio"
	"bytes"
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/internal/required"
)

// parkingManager makes a manager that parks sandboxes after a time.
func parkingManager(t *testing.T, after time.Duration) *sandbox.Manager {
	t.Helper()
	m, err := sandbox.NewManager(sandbox.Config{StateDir: t.TempDir(), ParkAfter: after})
	check(t, err)
	t.Cleanup(func() { check(t, m.Close()) })
	return m
}

func awaitParked(t *testing.T, sb *sandbox.Sandbox) {
	t.Helper()
	eventually(t, "it is parked", func() bool { return infoOf(t, sb).Parked })
	if i := infoOf(t, sb); i.Status != sandbox.StatusRunning {
		t.Errorf("got %+v", i)
	}
}

// initOf tells a sandbox's init from all other processes: by its number, and when it
// began. With it the kernel ends all processes of its PID namespace, and before it.
func initOf(t *testing.T, sb *sandbox.Sandbox) string {
	t.Helper()
	mark := "1000; : " + crand.Text()
	c, err := sb.StartCommand(t.Context(), sandbox.ExecRequest{Command: "sleep " + mark})
	check(t, err)
	var found []string
	eventually(t, "it runs", func() bool { found = marked(mark); return len(found) > 0 })
	parent := statOf(found[0])[1]
	init := parent + " " + statOf(parent)[19]
	check(t, c.Close())
	return init
}

// statOf returns the fields of proc_pid_stat(5) from the state on, which is the third;
// all are empty when the process is gone.
func statOf(pid string) []string {
	data, _ := os.ReadFile("/proc/" + pid + "/stat")
	return append(strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:])), make([]string, 20)...)
}

// lives reports whether an init is there, of which initOf has told.
func lives(init string) bool {
	pid, began, _ := strings.Cut(init, " ")
	return began != "" && statOf(pid)[19] == began
}

func TestParked(t *testing.T) {
	t.Parallel()
	m := parkingManager(t, 50*time.Millisecond)
	limits := sandbox.ResourceLimits{MemoryBytes: 256 << 20, PidsLimit: 64}
	sb := from(t, m, project(t, sample), everything, sandbox.WithResources(limits), sandbox.WithBestEffortLimits())
	enforced := fmt.Sprint(infoOf(t, sb).Enforced)
	must(t, sb, "echo t > /tmp/f; mkfifo /tmp/p; ln -s f /tmp/l; echo h > ~/f; chmod 600 ~/f; echo s > /dev/shm/f; echo w > f")
	for name, wake := range map[string]func() error{
		"Run": func() error { _, err := sb.Run(t.Context(), "true"); return err },
		"ReadFile": func() error {
			data, err := sb.ReadFile(t.Context(), "f")
			if string(data) != "w\n" {
				t.Errorf("read %q", data)
			}
			return err
		},
		"WriteFile": func() error { return sb.WriteFile(t.Context(), "f", []byte("w\n")) },
		"ListFiles": func() error { _, err := sb.ListFiles(t.Context(), "", true); return err },
		"Session": func() error {
			s, err := sb.Session(t.Context())
			if err != nil {
				return err
			}
			_, err = s.Exec(t.Context(), "cat /tmp/f")
			return errors.Join(err, s.Close())
		},
		"StartCommand": func() error {
			c, err := sb.StartCommand(t.Context(), sandbox.ExecRequest{Command: "cat f"})
			if err != nil {
				return err
			}
			_, err = c.Wait()
			return err
		},
	} {
		init := initOf(t, sb)
		must(t, sb, "sleep 0.2") // a command that runs keeps it
		awaitParked(t, sb)
		eventually(t, "no process is left", func() bool { return !lives(init) })
		if err := wake(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := must(t, sb, "cat /tmp/f /tmp/l ~/f /dev/shm/f f; stat -c '%a %F' ~/f /tmp/p"); got != "t\nt\nh\ns\nw\n600 regular file\n644 fifo" {
			t.Errorf("%s: got %q", name, got)
		}
		if got := fmt.Sprint(infoOf(t, sb).Enforced); got != enforced {
			t.Errorf("%s: limits were %s and are %s", name, enforced, got)
		}
	}
	awaitParked(t, sb)
	check(t, sb.Stop(t.Context()))
	if i := infoOf(t, sb); i.Parked || i.Status != sandbox.StatusStopped {
		t.Errorf("got %+v", i)
	}
	check(t, sb.Start(t.Context()))
	if got := must(t, sb, "cat f; ls /tmp ~ /dev/shm"); !strings.HasPrefix(got, "w\n") || strings.Contains(got, "\nf") {
		t.Errorf("after a stop: %q", got)
	}
}

// TestNotParked is about what keeps a sandbox from being parked.
func TestNotParked(t *testing.T) {
	t.Parallel()
	m := parkingManager(t, 50*time.Millisecond)
	sb := from(t, m, project(t, sample))
	s, err := sb.Session(t.Context())
	check(t, err)
	init := initOf(t, sb)
	time.Sleep(300 * time.Millisecond)
	if infoOf(t, sb).Parked || !lives(init) || initOf(t, sb) != init {
		t.Error("it is parked with a session open")
	}
	check(t, s.Close())
	c, err := sb.StartCommand(t.Context(), sandbox.ExecRequest{Command: "sleep 1000"})
	check(t, err)
	time.Sleep(300 * time.Millisecond)
	if infoOf(t, sb).Parked {
		t.Error("it is parked while a command runs")
	}
	check(t, c.Close())
	awaitParked(t, sb)
}

// TestWhileParked does what needs no process.
func TestWhileParked(t *testing.T) {
	t.Parallel()
	m := parkingManager(t, 50*time.Millisecond)
	cb, err := m.ImportCodebase(t.Context(), project(t, sample))
	check(t, err)
	sb, err := m.FromCodebase(t.Context(), cb.ID, everything, sandbox.WithResources(sandbox.ResourceLimits{PidsLimit: 64}), sandbox.WithBestEffortLimits())
	check(t, err)
	t.Cleanup(func() { check(t, sb.Close()) })
	must(t, sb, "echo x > file; echo y > /tmp/kept")
	awaitParked(t, sb)
	wantChanges(t, sb, "added /file")
	check(t, sb.UpdateResources(t.Context(), sandbox.ResourceLimits{PidsLimit: 32}))
	_, err = sb.Usage(t.Context())
	check(t, err)
	cp, err := sb.Checkpoint(t.Context(), "")
	check(t, err)
	fork, err := sb.Fork(t.Context(), sandbox.WithAutoStart(false))
	check(t, err)
	wantChanges(t, fork, "added /file")
	check(t, fork.Discard(t.Context()))
	check(t, fork.Close())
	_, err = sb.Commit(t.Context(), sandbox.CommitOptions{})
	check(t, err)
	wantChanges(t, sb)
	uploadFile(t, m, cb.ID, "up", "loaded")
	if !infoOf(t, sb).Parked {
		t.Error("it was brought back")
	}
	if got := must(t, sb, "cat file up /tmp/kept"); got != "x\nloadedy" {
		t.Errorf("got %q", got)
	}
	if i := infoOf(t, sb); i.Resources.PidsLimit != 32 {
		t.Errorf("got %+v", i)
	}
	wantChanges(t, sb)
	must(t, sb, "echo z > other")
	awaitParked(t, sb)
	check(t, sb.Restore(t.Context(), cp.ID))
	if got := must(t, sb, "cat file up /tmp/kept; ls other 2>/dev/null || echo none"); got != "x\nloadedy\nnone" {
		t.Errorf("got %q", got)
	}
}

// TestParkingRaces lets commands come while the sandbox is being parked.
func TestParkingRaces(t *testing.T) {
	t.Parallel()
	m := parkingManager(t, time.Millisecond)
	sb := from(t, m, project(t, sample), everything)
	var parked atomic.Int64
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 12 {
				time.Sleep(rand.N(12 * time.Millisecond))
				if i, err := sb.Info(context.Background()); err == nil && i.Parked {
					parked.Add(1)
				}
				if err := useParking(sb, (i+n)%5, i); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	t.Logf("seen parked %d times", parked.Load())
	awaitParked(t, sb)
}

// useParking does one of several things.
func useParking(sb *sandbox.Sandbox, what, who int) error {
	ctx := context.Background()
	switch what {
	case 0:
		r, err := sb.Run(ctx, "echo x > /tmp/f && cat /tmp/f")
		if err == nil && r.ExitCode != 0 {
			err = fmt.Errorf("got %+v", r)
		}
		return err
	case 1:
		_, err := sb.ReadFile(ctx, "README.md")
		return err
	case 2:
		return sb.WriteFile(ctx, fmt.Sprint("file-", who), []byte("x"))
	case 3:
		s, err := sb.Session(ctx)
		if err != nil {
			return err
		}
		_, err = s.Exec(ctx, "echo x")
		return errors.Join(err, s.Close())
	}
	_, err := sb.Changes(ctx)
	return err
}

// TestParkedDisk parks a sandbox with a disk limit.
func TestParkedDisk(t *testing.T) {
	t.Parallel()
	m := parkingManager(t, 50*time.Millisecond)
	sb, err := m.FromLocal(t.Context(), project(t, sample), everything, sandbox.WithResources(sandbox.ResourceLimits{DiskBytes: 16 << 20}))
	if errors.Is(err, sandbox.ErrUnsupported) && os.Geteuid() != 0 {
		t.Skip("needs root: ", err)
	}
	if errors.Is(err, sandbox.ErrUnsupported) {
		required.Missing(t, "disk limits", err)
	}
	check(t, err)
	t.Cleanup(func() { check(t, sb.Close()) })
	must(t, sb, "echo x > file")
	for range 2 {
		awaitParked(t, sb)
		wantChanges(t, sb, "added /file")
		if got := must(t, sb, "cat file"); got != "x" {
			t.Errorf("got %q", got)
		}
		mustNot(t, sb, "head -c 32M /dev/zero > big; r=$?; rm big; exit $r")
	}
}

// TestKilledWhileParked kills a process that has parked sandboxes, and another.
func TestKilledWhileParked(t *testing.T) {
	const variable = "SANDBOX_TEST_KILLED_PARKED"
	if dir := os.Getenv(variable); dir != "" {
		parkAndWait(t, dir)
	}
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state-"+crand.Text())
	fill(t, dir+".source", map[string]string{"README.md": "x"})
	var errs bytes.Buffer
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestKilledWhileParked$")
	cmd.Env, cmd.Stderr = append(os.Environ(), variable+"="+dir), &errs
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	var lines []string
	in := bufio.NewScanner(out)
	for in.Scan() && in.Text() != "ready" {
		lines = append(lines, in.Text())
	}
	check(t, cmd.Process.Kill())
	_ = cmd.Wait()
	if len(lines) < 5 {
		t.Errorf("got %q, %s", lines, errs.Bytes())
	}
	eventually(t, "its processes are gone", func() bool { return len(marked(filepath.Base(dir))) == 0 })
	for _, line := range lines {
		eventually(t, "no process is left", func() bool { return !lives(line) })
	}
	m, err := sandbox.NewManager(sandbox.Config{StateDir: dir})
	check(t, err)
	t.Cleanup(func() { check(t, m.Close()) })
	page, err := m.ListSandboxes(t.Context(), sandbox.ListSandboxesRequest{})
	check(t, err)
	if len(page.Sandboxes) != 4 {
		t.Errorf("got %d sandboxes", len(page.Sandboxes))
	}
	for n, i := range page.Sandboxes {
		if i.Status != sandbox.StatusStopped || i.Parked {
			t.Errorf("got %+v", i)
		}
		sb, err := m.Connect(t.Context(), i.ID)
		check(t, err)
		check(t, sb.Start(t.Context()))
		if got := must(t, sb, "cat file /tmp/file 2>/dev/null; true"); n < 3 && got != "x" {
			t.Errorf("got %q", got)
		}
		check(t, sb.Destroy(t.Context()))
	}
	for _, line := range lines {
		if group, ok := strings.CutPrefix(line, "/"); ok {
			// Another program's manager may be at it.
			eventually(t, "control group "+group+" is gone", func() bool {
				found, _ := filepath.Glob(filepath.Join("/sys/fs/cgroup", group))
				more, _ := filepath.Glob(filepath.Join("/sys/fs/cgroup/*", group))
				return len(found)+len(more) == 0
			})
		}
	}
}

// parkAndWait prints the PID namespaces and the control groups of its sandboxes.
func parkAndWait(t *testing.T, dir string) {
	m, err := sandbox.NewManager(sandbox.Config{StateDir: dir, ParkAfter: 10 * time.Millisecond})
	check(t, err)
	for n := range 4 {
		sb, err := m.FromLocal(t.Context(), dir+".source", everything, sandbox.WithBestEffortLimits(),
			sandbox.WithResources(sandbox.ResourceLimits{PidsLimit: 64}))
		check(t, err)
		must(t, sb, "echo x > file; echo y > /tmp/file")
		fmt.Println(initOf(t, sb))
		if n < 3 {
			awaitParked(t, sb)
			continue
		}
		_, err = sb.StartCommand(t.Context(), sandbox.ExecRequest{Command: "sleep 1000; : " + filepath.Base(dir)})
		check(t, err)
		var pids []string
		eventually(t, "it runs", func() bool { pids = marked("1000; : " + filepath.Base(dir)); return len(pids) > 0 })
		groups, err := os.ReadFile("/proc/" + pids[0] + "/cgroup")
		check(t, err)
		for line := range strings.Lines(string(groups)) {
			if i := strings.Index(line, ":/"); i >= 0 && strings.Contains(line, "sandbox-") {
				fmt.Println(strings.TrimSpace(line[i+1:]))
			}
		}
		fmt.Println("/none")
	}
	fmt.Println("ready")
	select {}
}
