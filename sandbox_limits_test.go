// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/sandbox-rls/sandbox"
)

const mb = 1 << 20

// canLimit reports whether this user can make cgroups here, and canLimitDisk
// whether it can mount file systems. What follows is tested both ways.
func canLimit() bool {
	for _, file := range []string{"/sys/fs/cgroup/cgroup.subtree_control", "/sys/fs/cgroup/memory/cgroup.procs"} {
		if f, err := os.OpenFile(file, os.O_WRONLY, 0); err == nil {
			f.Close()
			return true
		}
	}
	return false
}

func canLimitDisk() bool { return os.Geteuid() == 0 }

// limited makes a sandbox with limits. It is nil where they cannot be enforced,
// after that was found to be said.
func limited(t *testing.T, l sandbox.ResourceLimits, opts ...sandbox.Option) *sandbox.Sandbox {
	t.Helper()
	dir := project(t, sample)
	opts = append(opts, sandbox.WithResources(l), everything)
	if (l.DiskBytes == 0 || canLimitDisk()) && (l.DiskBytes > 0 || canLimit()) {
		return start(t, dir, opts...)
	}
	sb, err := sandbox.FromLocal(t.Context(), dir, opts...)
	if err == nil {
		sb.Close()
		t.Fatal("limits that cannot be enforced were taken")
	}
	wantError(t, err, sandbox.ErrUnsupported)
	if !strings.Contains(err.Error(), "as root") {
		t.Errorf("%q does not say what would help", err)
	}
	return nil
}

func TestLimitsRefused(t *testing.T) {
	t.Parallel()
	dir := project(t, sample)
	for _, l := range []sandbox.ResourceLimits{{MemoryBytes: 1}, {CPUQuota: -1}, {CPUShares: 1}, {PidsLimit: -1}, {DiskBytes: 1}} {
		_, err := sandbox.FromLocal(t.Context(), dir, sandbox.WithResources(l))
		wantError(t, err, sandbox.ErrInvalid)
	}
	all := sandbox.ResourceLimits{MemoryBytes: 64 * mb, CPUQuota: 50_000, CPUShares: 512, PidsLimit: 50, DiskBytes: 8 * mb}
	sb := start(t, dir, sandbox.WithResources(all), sandbox.WithBestEffortLimits(), everything)
	must(t, sb, "echo x > new")
	info := infoOf(t, sb)
	if info.Resources != all || len(info.Enforced) != 5 {
		t.Fatalf("got %+v", info)
	}
	for _, e := range info.Enforced {
		can := canLimit()
		if e.Resource == "disk" {
			can = canLimitDisk()
		}
		if can != (e.By != "") || can != (e.Reason == "") || !can && !strings.Contains(e.Reason, "as root") {
			t.Errorf("got %+v", e)
		}
	}
	wantError(t, sb.UpdateResources(t.Context(), sandbox.ResourceLimits{MemoryBytes: 1}), sandbox.ErrInvalid)
	all.MemoryBytes = 128 * mb
	check(t, sb.UpdateResources(t.Context(), all))
	check(t, sb.Destroy(t.Context()))
	wantError(t, sb.UpdateResources(t.Context(), all), sandbox.ErrSandboxNotFound)
	_, err := sb.Usage(t.Context())
	wantError(t, err, sandbox.ErrSandboxNotFound)
}

func hog(n int) string { return fmt.Sprintf("dd if=/dev/zero of=/dev/null bs=%dM count=1", n) }

func TestMemoryLimit(t *testing.T) {
	t.Parallel()
	sb := limited(t, sandbox.ResourceLimits{MemoryBytes: 64 * mb})
	if sb == nil {
		return
	}
	if r := sh(t, sb, hog(8)); r.ExitCode != 0 || r.OOMKilled {
		t.Errorf("what fits: %+v", r)
	}
	if r := sh(t, sb, "exec "+hog(200)); r.Signal != "SIGKILL" || r.ExitCode != 137 || !r.OOMKilled || r.PidsLimited {
		t.Errorf("a command: %+v", r)
	}
	if r := sh(t, sb, hog(200)+"; exit 3"); r.ExitCode != 3 || !r.OOMKilled {
		t.Errorf("its child: %+v", r)
	}
	if r := sh(t, sb, "kill -9 $$"); r.OOMKilled {
		t.Errorf("one that killed itself: %+v", r)
	}
	r, err := sb.Run(t.Context(), "sleep 100", sandbox.WithTimeout(1))
	wantError(t, err, sandbox.ErrCommandTimeout)
	if r == nil || r.OOMKilled {
		t.Errorf("one that was timed out: %+v", r)
	}
	// Others go on, and are not said to have been killed.
	var wg sync.WaitGroup
	words := make(chan struct{})
	wg.Go(func() {
		r, err := sb.Run(context.Background(), "read x; echo $x", sandbox.WithStdin(readerFunc(func(b []byte) (int, error) {
			<-words
			return copy(b, "well\n"), nil
		})))
		if err != nil || r.Stdout != "well\n" || r.OOMKilled {
			t.Errorf("the other: %+v, %v", r, err)
		}
	})
	if r := sh(t, sb, "exec "+hog(200)); !r.OOMKilled {
		t.Errorf("a command among others: %+v", r)
	}
	close(words)
	wg.Wait()
	session, err := sb.Session(t.Context())
	check(t, err)
	for command, killed := range map[string]bool{hog(200): true, "true": false} {
		if r, err := session.Exec(t.Context(), command); err != nil || r.OOMKilled != killed {
			t.Errorf("%s in a session: %+v, %v", command, r, err)
		}
	}
	check(t, session.Close())
	// A full /tmp is no reason to kill.
	if r := mustNot(t, sb, "dd if=/dev/zero of=/tmp/x bs=1M count=100"); r.OOMKilled || !strings.Contains(r.Stderr, "No space left") {
		t.Errorf("a full /tmp: %+v", r)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

func TestPidsLimit(t *testing.T) {
	t.Parallel()
	sb := limited(t, sandbox.ResourceLimits{PidsLimit: 20})
	if sb == nil {
		return
	}
	if r := sh(t, sb, "true | true; true"); r.ExitCode != 0 || r.PidsLimited {
		t.Errorf("few: %+v", r)
	}
	if r := sh(t, sb, "i=0; while [ $i -lt 100 ]; do sleep 100 & i=$((i+1)); done"); !r.PidsLimited || r.OOMKilled {
		t.Errorf("many: %+v", r)
	}
	if r := sh(t, sb, "true"); r.ExitCode != 0 || r.PidsLimited {
		t.Errorf("after many: %+v", r)
	}
	// So many commands that one cannot start.
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	refused := make(chan *sandbox.ExecResult, 60)
	for range 60 {
		wg.Go(func() {
			if r, err := sb.Exec(ctx, sandbox.ExecRequest{Argv: []string{"sleep", "100"}}); err == nil {
				refused <- r
			}
		})
	}
	r := <-refused
	if r.ExitCode != 126 || !r.PidsLimited || !strings.Contains(r.Stderr, "limit of processes") {
		t.Errorf("one command too many: %+v", r)
	}
	cancel()
	wg.Wait()
	must(t, sb, "true")
}

func TestUpdateResources(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	sb := limited(t, sandbox.ResourceLimits{MemoryBytes: 32 * mb})
	if sb == nil {
		return
	}
	mustNot(t, sb, hog(64))
	check(t, sb.UpdateResources(ctx, sandbox.ResourceLimits{MemoryBytes: 128 * mb, PidsLimit: 50}))
	must(t, sb, hog(64))
	if got := infoOf(t, sb); got.Resources.PidsLimit != 50 || len(got.Enforced) != 2 {
		t.Errorf("got %+v", got)
	}
	check(t, sb.Stop(ctx))
	check(t, sb.UpdateResources(ctx, sandbox.ResourceLimits{MemoryBytes: 32 * mb}))
	check(t, sb.Start(ctx))
	mustNot(t, sb, hog(64))
	wantError(t, sb.UpdateResources(ctx, sandbox.ResourceLimits{DiskBytes: 8 * mb}), sandbox.ErrUnsupported)
	if got := infoOf(t, sb).Resources; got != (sandbox.ResourceLimits{MemoryBytes: 32 * mb}) {
		t.Errorf("after an error: %+v", got)
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	sb := start(t, project(t, sample), everything)
	u, err := sb.Usage(ctx)
	if err != nil || u.Counted || u.Files != 0 {
		t.Errorf("at first: %+v, %v", u, err)
	}
	must(t, sb, "mkdir d; dd if=/dev/zero of=d/big bs=1M count=3; ln d/big link; ln -s big d/sym; mkdir closed; echo x > closed/x; chmod 0 closed")
	u, err = sb.Usage(ctx)
	if err != nil || u.Disk < 3*mb || u.Disk > 4*mb || u.Files < 4 || u.Files > 8 {
		t.Errorf("after writing: %+v, %v", u, err)
	}
	must(t, sb, "rm -r d link")
	if u, err = sb.Usage(ctx); err != nil || u.Disk > mb {
		t.Errorf("after removing: %+v, %v", u, err)
	}
	counted := limited(t, sandbox.ResourceLimits{MemoryBytes: 128 * mb})
	if counted == nil {
		return
	}
	must(t, counted, hog(32)+"; i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done")
	u, err = counted.Usage(ctx)
	if err != nil || !u.Counted || u.CPU <= 0 || u.CPUUser <= 0 || u.Memory <= 0 || u.Pids < 1 || u.MemoryPeak > 0 && u.MemoryPeak < 32*mb {
		t.Errorf("got %+v, %v", u, err)
	}
	check(t, counted.Stop(ctx))
	if u, err = counted.Usage(ctx); err != nil || u.Counted {
		t.Errorf("stopped: %+v, %v", u, err)
	}
}

func TestDiskLimit(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	sb := limited(t, sandbox.ResourceLimits{DiskBytes: 8 * mb})
	if sb == nil {
		return
	}
	if e := infoOf(t, sb).Enforced; len(e) != 1 || e[0].By == "" {
		t.Errorf("enforced: %+v", e)
	}
	must(t, sb, "echo kept > kept; mkdir dir")
	r := mustNot(t, sb, "dd if=/dev/zero of=big bs=1M count=20")
	if !strings.Contains(r.Stderr, "No space left on device") {
		t.Errorf("a command is told %q", r.Stderr)
	}
	wantError(t, sb.WriteFile(ctx, "more", make([]byte, 4*mb)), syscall.ENOSPC)
	u, err := sb.Usage(ctx)
	if err != nil || u.Disk < 7*mb || u.Disk > 8*mb {
		t.Errorf("usage: %+v, %v", u, err)
	}
	// A file that is open already has no more room than others.
	must(t, sb, "rm big")
	if r := mustNot(t, sb, "exec 3>open; rm open; dd if=/dev/zero bs=1M count=20 >&3"); !strings.Contains(r.Stderr, "No space left on device") {
		t.Errorf("a command is told %q", r.Stderr)
	}
	// Room is had again by deleting; the delta is the same after a stop.
	must(t, sb, "dd if=/dev/zero of=half bs=1M count=4 && sync half")
	for range 2 {
		check(t, sb.Stop(ctx))
		wantChanges(t, sb, "added /dir", "added /half", "added /kept")
		check(t, sb.Start(ctx))
		if got := must(t, sb, "cat kept; stat -c %s half"); got != "kept\n4194304" {
			t.Errorf("got %q", got)
		}
	}
	check(t, sb.UpdateResources(ctx, sandbox.ResourceLimits{DiskBytes: 24 * mb}))
	must(t, sb, "dd if=/dev/zero of=big bs=1M count=15")
	wantError(t, sb.UpdateResources(ctx, sandbox.ResourceLimits{DiskBytes: 8 * mb}), syscall.ENOSPC)
	wantError(t, sb.UpdateResources(ctx, sandbox.ResourceLimits{DiskBytes: 1 << 40}), sandbox.ErrUnsupported)
	wantError(t, sb.UpdateResources(ctx, sandbox.ResourceLimits{}), sandbox.ErrUnsupported)
	// Empty files take no bytes, but there are not endlessly many.
	if r := mustNot(t, sb, "mkdir many && python3 -c 'for i in range(100000): open(f\"many/{i}\", \"w\")'"); !strings.Contains(r.Stderr, "No space left on device") {
		t.Errorf("a command is told %q", r.Stderr)
	}
	// Where nothing can be written there is nothing to limit.
	ro := start(t, project(t, sample), sandbox.WithPreset("read-only"), sandbox.WithResources(sandbox.ResourceLimits{DiskBytes: 8 * mb}))
	if e := infoOf(t, ro).Enforced; len(e) != 1 || e[0].By == "" {
		t.Errorf("enforced: %+v", e)
	}
	mustNot(t, ro, "echo x > x")
}

// TestDiskLimitFromCodebase has a volume above masks.
func TestDiskLimitFromCodebase(t *testing.T) {
	t.Parallel()
	if !canLimitDisk() {
		return // as refused as on a directory
	}
	c, err := sandbox.ImportCodebase(t.Context(), project(t, sample))
	check(t, err)
	sb, err := sandbox.FromCodebase(t.Context(), c.ID, sandbox.WithPreset("development"), sandbox.WithResources(sandbox.ResourceLimits{DiskBytes: 8 * mb}))
	check(t, err)
	must(t, sb, "echo x > new && rm -r src")
	mustNot(t, sb, "dd if=/dev/zero of=big bs=1M count=20")
	mustNot(t, sb, "cat .env")
	check(t, sb.Close())
	check(t, sandbox.DeleteCodebase(t.Context(), c.ID))
}

// trace is what there is of sandboxes outside of their processes.
type trace struct{ groups, loops []string }

// traces looks for cgroups by name and for loop devices by where their file is.
func traces(t *testing.T, id, dir string) (tr trace) {
	t.Helper()
	check(t, filepath.WalkDir("/sys/fs/cgroup", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == id {
			tr.groups = append(tr.groups, path)
		}
		return nil
	}))
	names, err := filepath.Glob("/sys/block/loop*/loop/backing_file")
	check(t, err)
	for _, name := range names {
		if data, err := os.ReadFile(name); err == nil && strings.HasPrefix(string(data), dir) {
			tr.loops = append(tr.loops, name)
		}
	}
	return tr
}

func (tr trace) none() bool { return len(tr.groups)+len(tr.loops) == 0 }

func TestLimitsLeaveNothing(t *testing.T) {
	t.Parallel()
	if !canLimit() || !canLimitDisk() {
		return // there is nothing that could be left
	}
	if !inMountNamespace(t) {
		return
	}
	m, stateDir := manager(t)
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	check(t, err)
	sb := from(t, m, project(t, sample), everything, sandbox.WithResources(sandbox.ResourceLimits{PidsLimit: 50, DiskBytes: 8 * mb}))
	must(t, sb, "dd if=/dev/urandom of=x bs=1M count=4")
	if tr := traces(t, sb.ID(), stateDir); len(tr.groups) == 0 || len(tr.loops) != 1 {
		t.Errorf("found %+v", tr)
	}
	if now, err := os.ReadFile("/proc/self/mountinfo"); err != nil || string(now) != string(mounts) {
		t.Errorf("mounts before:\n%s\nafter:\n%s", mounts, now)
	}
	check(t, sb.Destroy(t.Context()))
	eventually(t, "nothing is left", func() bool { return traces(t, sb.ID(), stateDir).none() })
	eventually(t, "the image is gone", func() bool {
		names, err := filepath.Glob(filepath.Join(stateDir, "*", "*", "image"))
		return err == nil && len(names) == 0
	})
}

// TestLimitsKilled kills a process that has a sandbox with limits.
func TestLimitsKilled(t *testing.T) {
	const variable = "SANDBOX_TEST_LIMITS_KILLED"
	limits := sandbox.WithResources(sandbox.ResourceLimits{PidsLimit: 50, DiskBytes: 8 * mb})
	if stateDir := os.Getenv(variable); stateDir != "" {
		m, err := sandbox.NewManager(sandbox.Config{StateDir: stateDir})
		check(t, err)
		sb := from(t, m, project(t, sample), everything, limits)
		must(t, sb, "echo x > x")
		fmt.Println(sb.ID())
		select {}
	}
	t.Parallel()
	if !canLimit() || !canLimitDisk() {
		return // there is nothing that could be left
	}
	stateDir := filepath.Join(t.TempDir(), rand.Text())
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestLimitsKilled$")
	cmd.Env = append(os.Environ(), variable+"="+stateDir)
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	id, err := bufio.NewReader(out).ReadString('\n')
	id = strings.TrimSpace(id)
	if tr := traces(t, id, stateDir); err != nil || len(tr.groups) == 0 || len(tr.loops) != 1 {
		t.Errorf("%q, %v: found %+v", id, err, tr)
	}
	check(t, cmd.Process.Kill())
	_ = cmd.Wait()
	eventually(t, "its loop device is free", func() bool { return len(traces(t, id, stateDir).loops) == 0 })
	eventually(t, "the next manager has removed its cgroups", func() bool {
		m, err := sandbox.NewManager(sandbox.Config{StateDir: stateDir})
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return false // a child that is just being forked may hold the lock
		}
		check(t, err)
		sb, err := m.FromLocal(t.Context(), project(t, sample))
		check(t, err)
		check(t, sb.Close())
		check(t, m.Close())
		return traces(t, id, stateDir).none()
	})
}
