// SPDX-License-Identifier: MIT

package runtimetest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/sandbox-rls/sandbox/runtime"
)

// hog is a command line that needs n MB at once. The program that does it is
// not the shell.
func hog(n int) string {
	return fmt.Sprintf("dd if=/dev/zero of=/dev/null bs=%dM count=1 2>/dev/null", n)
}

// canLimit reports whether this user can make cgroups on this machine: as root,
// or where the caller says that its cgroup was delegated. What follows from it
// is tested both ways: where it cannot, limits are refused.
func canLimit() bool {
	if os.Getenv("SANDBOX_TEST_DELEGATED") != "" {
		return true
	}
	for _, file := range []string{"/sys/fs/cgroup/cgroup.subtree_control", "/sys/fs/cgroup/memory/cgroup.procs"} {
		if f, err := os.OpenFile(file, os.O_WRONLY, 0); err == nil {
			f.Close()
			return true
		}
	}
	return false
}

// limited starts a sandbox with limits.
func (s *suite) limited(t *testing.T, l runtime.ResourceLimits) *box {
	t.Helper()
	return s.start(t, withLimits(l))
}

func withLimits(l runtime.ResourceLimits) func(*runtime.Config) {
	return func(c *runtime.Config) {
		c.ID = "test-" + newMarker()
		c.Spec = runtime.NewSpec(runtime.SpecOptions{Hostname: hostname, Dir: target, Resources: l})
	}
}

// limits tests that sandboxes are held to what they may use.
func (s *suite) limits(t *testing.T) {
	t.Run("none", s.unlimited)
	if !canLimit() {
		t.Run("refused", s.refused)
		return
	}
	t.Run("memory", s.memory)
	if !s.Image {
		t.Run("memory of files", s.memoryFiles)
	}
	t.Run("many small processes", s.smallProcesses)
	t.Run("processes", s.pids)
	t.Run("CPU", s.cpu)
	t.Run("update", s.update)
	t.Run("usage", s.usage)
	t.Run("from inside", s.groupInside)
	t.Run("leavings", s.groupLeavings)
}

// unlimited tests what a sandbox without limits says.
func (s *suite) unlimited(t *testing.T) {
	b := s.start(t)
	if got := b.Limits().Enforced(); len(got) != 0 {
		t.Errorf("enforced: %+v", got)
	}
	if s.Image {
		return
	}
	u, err := b.Limits().Usage()
	if err != nil || u.Counted {
		t.Errorf("usage: %+v, %v", u, err)
	}
	if err := b.Limits().Update(runtime.ResourceLimits{}); err != nil {
		t.Error(err)
	}
	if err := b.Limits().Update(runtime.ResourceLimits{PidsLimit: 10}); !errors.Is(err, runtime.ErrUnsupported) || !strings.Contains(err.Error(), "stop and start") {
		t.Errorf("limits while it runs: %v", err)
	}
}

// refused tests that a limit which cannot be enforced is an error that says
// what would help, unless the caller is content with less.
func (s *suite) refused(t *testing.T) {
	all := runtime.ResourceLimits{MemoryBytes: 64 << 20, CPUQuota: 50_000, CPUShares: 512, PidsLimit: 20}
	cfg := s.config(t, withLimits(all))
	in, err := s.runtime.Start(t.Context(), cfg)
	if err == nil {
		in.Close()
		t.Fatal("it started")
	}
	if !errors.Is(err, runtime.ErrUnsupported) || !strings.Contains(err.Error(), "as root") || !strings.Contains(err.Error(), "Delegate=yes") {
		t.Errorf("got %v", err)
	}
	b := s.start(t, withLimits(all), func(c *runtime.Config) { c.BestEffort = true })
	b.out("true")
	got := b.Limits().Enforced()
	if len(got) != 4 {
		t.Errorf("enforced: %+v", got)
	}
	for _, e := range got {
		if e.By != "" || !strings.Contains(e.Reason, "as root") {
			t.Errorf("enforced: %+v", e)
		}
	}
}

// enforced checks that all limits are.
func (b *box) enforced(want ...runtime.Resource) {
	b.t.Helper()
	got := b.Limits().Enforced()
	for i, e := range got {
		if i >= len(want) || e.Resource != want[i] || !strings.HasPrefix(e.By, "cgroup v") || e.Reason != "" {
			b.t.Errorf("enforced: %+v", got)
		}
	}
	if len(got) != len(want) {
		b.t.Errorf("enforced: %+v, want %q", got, want)
	}
}

func (b *box) events() runtime.Events { return b.Limits().Events() }

func (s *suite) memory(t *testing.T) {
	b := s.limited(t, runtime.ResourceLimits{MemoryBytes: 64 << 20})
	b.enforced(runtime.Memory)
	other := b.begin(script("echo ready; read x; echo $x"), "")
	other.ready()
	if e := b.events(); e != (runtime.Events{}) {
		t.Errorf("before: %+v", e)
	}
	if r := b.sh(hog(16)); r.ExitCode != 0 {
		t.Errorf("what fits: %+v", r)
	}
	r := b.run(runtime.Command{Argv: []string{"dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1"}}, "")
	if r.Signal != int(syscall.SIGKILL) || b.events().OOMKills != 1 {
		t.Errorf("what does not fit: %+v, %+v", r, b.events())
	}
	// The shell lives, its child does not.
	if r := b.sh(hog(200) + "; echo $?"); r.stdout != "137\n" || b.events().OOMKills != 2 {
		t.Errorf("a child that does not fit: %+v, %+v", r, b.events())
	}
	b.out("true")
	if err := other.Signal(syscall.Signal(0)); err != nil {
		t.Error(err)
	}
	if pids := b.out("ls -d /proc/[0-9]* | wc -l"); pids == "1" {
		t.Error("the other command is gone")
	}
}

// memoryFiles fills the file systems in memory: that is ENOSPC, not the end of
// the init, which is larger than what fills them.
func (s *suite) memoryFiles(t *testing.T) {
	b := s.limited(t, runtime.ResourceLimits{MemoryBytes: 64 << 20})
	for _, dir := range []string{"/tmp", "$HOME", "/dev/shm"} {
		r := b.sh("dd if=/dev/zero of=" + dir + "/x bs=1M count=64")
		if r.ExitCode == 0 || !strings.Contains(r.stderr, "No space left") {
			t.Errorf("%s: %+v", dir, r)
		}
	}
	if e := b.events(); e.OOMKills != 0 {
		t.Errorf("full file systems: %+v", e)
	}
	if r := b.sh(hog(60)); r.ExitCode == 0 || b.events().OOMKills == 0 {
		t.Errorf("with full file systems: %+v, %+v", r, b.events())
	}
	b.out("rm /tmp/x /dev/shm/x && " + hog(16))
}

// smallProcesses runs out of memory while nothing is larger than the init.
func (s *suite) smallProcesses(t *testing.T) {
	b := s.limited(t, runtime.ResourceLimits{MemoryBytes: 24 << 20, PidsLimit: 200})
	// Each shell holds a megabyte, and ends with the command.
	c := b.begin(script(`i=0; while [ $i -lt 40 ]; do sh -c 'x=$(printf %1000000s x); sleep 1000; : "$x"' & i=$((i+1)); done 2>/dev/null; wait`), "")
	eventually(t, "a process is killed", func() bool { return b.events().OOMKills > 2 })
	_ = c.Signal(syscall.SIGKILL)
	c.wait()
	b.out("true")
}

func (s *suite) pids(t *testing.T) {
	const limit = 20
	b := s.limited(t, runtime.ResourceLimits{PidsLimit: limit})
	b.enforced(runtime.Pids)
	other := b.begin(script("echo ready; read x; echo $x"), "")
	other.ready()
	b.out("i=0; while [ $i -lt 10 ]; do sleep 0 & i=$((i+1)); done; wait")
	if e := b.events(); e != (runtime.Events{}) {
		t.Errorf("before: %+v", e)
	}
	if r := b.sh("i=0; while [ $i -lt 200 ]; do sleep 1000 & i=$((i+1)); done; echo all"); r.stdout != "" || b.events().PidsRefused == 0 {
		t.Errorf("200 processes: %+v, %+v", r, b.events())
	}
	for range limit {
		b.out("true | true; true")
	}
	// A command that cannot start is told so, and ends nothing.
	for range 3 * limit {
		b.begin(runtime.Command{Argv: []string{"sleep", "1000"}}, "")
	}
	var start *runtime.StartError
	if err := b.try([]string{"true"}); !errors.As(err, &start) || start.Err != syscall.EAGAIN {
		t.Errorf("one command too many: %v", err)
	}
	if u, err := b.Limits().Usage(); err != nil || u.Pids < limit || u.Pids > limit+8 {
		t.Errorf("there are %d processes: %v", u.Pids, err)
	}
	if err := b.Limits().Update(runtime.ResourceLimits{PidsLimit: 10 * limit}); err != nil {
		t.Fatal(err)
	}
	b.out("true")
}

func (s *suite) cpu(t *testing.T) {
	b := s.limited(t, runtime.ResourceLimits{CPUQuota: 10_000, CPUShares: 512})
	b.enforced(runtime.CPUQuota, runtime.CPUShares)
	c := b.begin(script("while :; do :; done"), "")
	eventually(t, "it is throttled", func() bool {
		u, err := b.Limits().Usage()
		return err == nil && u.ThrottledPeriods >= 3 && u.Throttled > 0
	})
	if err := c.Signal(syscall.SIGKILL); err != nil {
		t.Error(err)
	}
	c.wait()
}

func (s *suite) update(t *testing.T) {
	b := s.limited(t, runtime.ResourceLimits{MemoryBytes: 32 << 20, CPUQuota: 50_000})
	if r := b.sh(hog(60)); r.ExitCode == 0 {
		t.Errorf("before: %+v", r)
	}
	more := runtime.ResourceLimits{MemoryBytes: 128 << 20, PidsLimit: 20}
	if err := b.Limits().Update(more); err != nil {
		t.Fatal(err)
	}
	b.enforced(runtime.Memory, runtime.Pids)
	if r := b.sh(hog(60)); r.ExitCode != 0 {
		t.Errorf("with more memory: %+v", r)
	}
	c := b.begin(script("while :; do sleep 1000 & done 2>/dev/null; while :; do :; done"), "")
	eventually(t, "a process is refused", func() bool { return b.events().PidsRefused > 0 })
	if err := c.Signal(syscall.SIGKILL); err != nil {
		t.Error(err)
	}
	c.wait()
	if err := b.Limits().Update(runtime.ResourceLimits{}); err != nil {
		t.Fatal(err)
	}
	b.enforced()
	refused := b.events().PidsRefused
	b.out("i=0; while [ $i -lt 60 ]; do sleep 1000 & i=$((i+1)); done")
	if now := b.events().PidsRefused; now != refused {
		t.Errorf("%d more processes are refused without a limit", now-refused)
	}
	if err := b.Limits().Update(runtime.ResourceLimits{MemoryBytes: 32 << 20}); err != nil {
		t.Fatal(err)
	}
	if r := b.sh(hog(60)); r.ExitCode == 0 {
		t.Errorf("with less memory: %+v", r)
	}
	b.Close()
	if err := b.Limits().Update(more); !errors.Is(err, runtime.ErrEnded) {
		t.Errorf("after the end: %v", err)
	}
	if _, err := b.Limits().Usage(); !errors.Is(err, runtime.ErrEnded) {
		t.Errorf("after the end: %v", err)
	}
}

func (s *suite) usage(t *testing.T) {
	b := s.limited(t, runtime.ResourceLimits{MemoryBytes: 128 << 20, PidsLimit: 50})
	before, err := b.Limits().Usage()
	if err != nil || !before.Counted || before.Pids < 1 || before.Memory <= 0 {
		t.Fatalf("at the start: %+v, %v", before, err)
	}
	b.out(hog(64) + "; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done")
	c := b.begin(script("echo ready; "+sleeper("x")), "")
	c.ready()
	after, err := b.Limits().Usage()
	if err != nil {
		t.Fatal(err)
	}
	if after.CPU <= before.CPU || after.CPUUser < before.CPUUser || after.CPUSystem < before.CPUSystem {
		t.Errorf("CPU time before: %+v, after: %+v", before, after)
	}
	if after.Pids <= before.Pids {
		t.Errorf("processes before: %d, after: %d", before.Pids, after.Pids)
	}
	if kept := after.MemoryPeak > 0; kept && after.MemoryPeak < 64<<20 || after.Memory > 100<<20 {
		t.Errorf("memory: %+v", after)
	}
	if after.Throttled != 0 || after.Events != (runtime.Events{}) {
		t.Errorf("got %+v", after)
	}
}

// groupInside tests that a sandbox does not learn where its group is.
func (s *suite) groupInside(t *testing.T) {
	for name, b := range map[string]*box{
		"limited":   s.limited(t, runtime.ResourceLimits{PidsLimit: 50}),
		"unlimited": s.start(t),
	} {
		for line := range strings.Lines(b.out("cat /proc/self/cgroup")) {
			if f := strings.SplitN(strings.TrimSpace(line), ":", 3); len(f) != 3 || f[2] != "/" {
				t.Errorf("%s: /proc/self/cgroup says %q", name, line)
			}
		}
	}
}

// groupsOf lists the cgroups that bear a name.
func groupsOf(t *testing.T, name string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir("/sys/fs/cgroup", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.Contains(d.Name(), name) {
			found = append(found, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// groupOf is the name of the cgroup of a sandbox that has been given one by others.
func groupOf(t *testing.T, b *box) string {
	t.Helper()
	marker := newMarker()
	c := b.begin(script("echo ready; "+sleeper(marker)), "")
	c.ready()
	data, err := os.ReadFile("/proc/" + strconv.Itoa(marked(marker)[0]) + "/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	c.wait()
	line, _, _ := strings.Cut(string(data), "\n")
	return filepath.Base(line)
}

func (s *suite) groupLeavings(t *testing.T) {
	var id string
	b := s.start(t, withLimits(runtime.ResourceLimits{PidsLimit: 50}), func(c *runtime.Config) { id = c.ID })
	if s.Image {
		id = groupOf(t, b)
	}
	if len(groupsOf(t, id)) == 0 {
		t.Fatal("found no cgroup")
	}
	marker := newMarker()
	c := b.begin(script("(setsid sh -c '"+sleeper(marker)+"' &); echo ready; "+sleeper(marker)), "")
	c.ready()
	pid := marked(marker)[0]
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cgroup")
	if err != nil || !strings.Contains(string(data), id) {
		t.Errorf("a process is in %q, %v", data, err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if left := groupsOf(t, id); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	if s.Image {
		return
	}
	cfg := s.config(t, withLimits(runtime.ResourceLimits{PidsLimit: 50}), func(c *runtime.Config) {
		c.Filter, id = []byte("nonsense"), c.ID
	})
	if in, err := s.runtime.Start(t.Context(), cfg); err == nil {
		in.Close()
		t.Error("it started")
	}
	if left := groupsOf(t, id); len(left) > 0 {
		t.Errorf("left by one that could not start: %q", left)
	}
}
