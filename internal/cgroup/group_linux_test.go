// SPDX-License-Identifier: MIT

package cgroup

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/containerd/cgroups/v3"
	"github.com/containerd/cgroups/v3/cgroup1"
	"github.com/containerd/cgroups/v3/cgroup2"
	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/runtime"
)

const MB = 1 << 20

// delegated reports whether this user was given a cgroup of its own, as on the
// virtual machine that tests are run in.
func delegated() bool { return os.Getenv("SANDBOX_TEST_DELEGATED") != "" }

// open opens a parent. Where this user cannot, that is what is tested, and the
// parent is nil.
func open(t *testing.T) *Parent {
	t.Helper()
	if os.Geteuid() != 0 && !delegated() {
		_, err := Open(Options{})
		if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "as root") || !strings.Contains(err.Error(), "Delegate=yes") {
			t.Errorf("got %v", err)
		}
		return nil
	}
	p, err := Open(Options{Delegated: delegated()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// TestDelegated goes first: it looks at what this process is not moved for
// until it is asked to.
func TestDelegated(t *testing.T) {
	if !delegated() {
		if p := open(t); p != nil && cgroups.Mode() != cgroups.Unified {
			return
		}
		// Nothing is moved that was not delegated.
		before, err := inspect()
		if err != nil {
			t.Fatal(err)
		}
		if p, err := Open(Options{Delegated: true}); err == nil {
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		}
		if now, err := inspect(); err != nil || os.Geteuid() != 0 && now[""] != before[""] {
			t.Errorf("this process was in %q and is in %q, %v", before, now, err)
		}
		return
	}
	if _, err := Open(Options{}); !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "holds processes") || !strings.Contains(err.Error(), "Config.DelegatedCgroup") {
		t.Errorf("without being asked: %v", err)
	}
	l, err := inspect()
	if err != nil {
		t.Fatal(err)
	}
	own := l[""]
	one, two := open(t), open(t) // the second finds itself moved already
	for _, p := range []*Parent{one, two} {
		if got := filepath.Dir(p.dirs[0].path); got != filepath.Join(root, own) {
			t.Errorf("it is in %s, not in %s", got, own)
		}
		group(t, p, runtime.ResourceLimits{MemoryBytes: 64 * MB, CPUQuota: 50_000, PidsLimit: 50})
	}
	if l, err = inspect(); err != nil || l[""] != filepath.Join(own, supervisor) {
		t.Errorf("this process is in %q, %v", l, err)
	}
}

// group makes a group that goes with the test.
func group(t *testing.T, p *Parent, limits runtime.ResourceLimits) *Group {
	t.Helper()
	g, err := p.New("test-"+strings.ReplaceAll(t.Name(), "/", "-"), limits, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Delete(); err != nil {
			t.Error(err)
		}
		for _, d := range g.dirs {
			if _, err := os.Stat(d); !os.IsNotExist(err) {
				t.Errorf("%s is left: %v", d, err)
			}
		}
	})
	return g
}

// start starts this program in a role, in the group, as the first process of a
// sandbox would be.
func (g *Group) start(t *testing.T, role string, more ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(append(os.Environ(), roleVariable+"="+role), more...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	dir, tasks, err := g.Join()
	if err != nil {
		t.Fatal(err)
	}
	started := make(chan error)
	done := make(chan struct{})
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		close(done)
	})
	go func() {
		// The thread stays where it went, and is not used again.
		goruntime.LockOSThread()
		if dir != nil {
			defer dir.Close()
			cmd.SysProcAttr.UseCgroupFD, cmd.SysProcAttr.CgroupFD = true, int(dir.Fd())
		}
		for _, f := range tasks {
			if _, err := f.WriteString("0"); err != nil {
				started <- err
				return
			}
			f.Close()
		}
		started <- cmd.Start()
		<-done // the child dies with the thread that started it
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	return cmd
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

func usage(t *testing.T, g *Group) runtime.Usage {
	t.Helper()
	u, err := g.Usage()
	if err != nil || !u.Counted {
		t.Fatalf("got %+v, %v", u, err)
	}
	return u
}

func TestMemory(t *testing.T) {
	p := open(t)
	if p == nil {
		return
	}
	g := group(t, p, runtime.ResourceLimits{MemoryBytes: 64 * MB})
	if e := g.Enforced(); len(e) != 1 || e[0] != (runtime.Enforcement{Resource: runtime.Memory, By: p.version.name}) {
		t.Errorf("got %+v", e)
	}
	cmd := g.start(t, "hog", "MEGABYTES=128")
	err := cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Errorf("it ended with %v", err)
	}
	if e := g.Events(); e != (runtime.Events{OOMKills: 1}) {
		t.Errorf("got %+v", e)
	}
	if err := g.Update(runtime.ResourceLimits{MemoryBytes: 4096 * MB}); err != nil {
		t.Fatal(err)
	}
	if err := g.start(t, "hog", "MEGABYTES=128").Wait(); err != nil {
		t.Errorf("with more memory: %v", err)
	}
	if u := usage(t, g); u.MemoryPeak > 0 && u.MemoryPeak < 128*MB || u.Events.OOMKills != 1 {
		t.Errorf("got %+v", u)
	}
	if err := g.Update(runtime.ResourceLimits{}); err != nil {
		t.Fatal(err)
	}
	if e := g.Enforced(); len(e) != 0 {
		t.Errorf("got %+v", e)
	}
}

func TestPids(t *testing.T) {
	p := open(t)
	if p == nil {
		return
	}
	g := group(t, p, runtime.ResourceLimits{PidsLimit: 50})
	g.start(t, "threads", "NUMBER=100")
	eventually(t, "a thread is refused", func() bool { return g.Events().PidsRefused > 0 })
	if e := g.Events(); e.OOMKills != 0 {
		t.Errorf("got %+v", e)
	}
}

func TestCPU(t *testing.T) {
	p := open(t)
	if p == nil {
		return
	}
	g := group(t, p, runtime.ResourceLimits{CPUQuota: 10_000, CPUShares: 512})
	g.start(t, "spin")
	var u runtime.Usage
	defer func() {
		if t.Failed() {
			t.Logf("at last: %+v", u)
		}
	}()
	eventually(t, "it is throttled", func() bool {
		u = usage(t, g)
		return u.ThrottledPeriods > 2 && u.Throttled > 0 && u.CPU > 0 && u.CPU >= u.CPUUser && u.Pids > 0
	})
}

// TestReference compares what is written and read with what the library's
// managers say of the same group.
func TestReference(t *testing.T) {
	p := open(t)
	if p == nil {
		return
	}
	limits := runtime.ResourceLimits{MemoryBytes: 100 * MB, CPUQuota: 30_000, CPUShares: 2048, PidsLimit: 42}
	g := group(t, p, limits)
	cmd := g.start(t, "spin")
	eventually(t, "it runs", func() bool { return usage(t, g).CPU > 20*time.Millisecond })
	// It stands still, so that both see the same.
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	var same, theirs runtime.Usage
	eventually(t, "it stands still", func() bool {
		same = usage(t, g)
		theirs = reference(t, g, limits)
		return usage(t, g) == same
	})
	same.Counted, same.CPUUser, same.CPUSystem = false, 0, 0 // which the library has in ticks on v1
	if same != theirs {
		t.Errorf("got %+v, the library says %+v", same, theirs)
	}
}

func reference(t *testing.T, g *Group, l runtime.ResourceLimits) (u runtime.Usage) {
	t.Helper()
	limits := map[string][2]uint64{}
	if cgroups.Mode() == cgroups.Unified {
		m, err := cgroup2.Load(strings.TrimPrefix(g.dirs[0], root))
		if err != nil {
			t.Fatal(err)
		}
		s, err := m.Stat()
		if err != nil {
			t.Fatal(err)
		}
		micros := func(n uint64) time.Duration { return time.Duration(n) * time.Microsecond }
		u = runtime.Usage{
			CPU: micros(s.CPU.UsageUsec), Throttled: micros(s.CPU.ThrottledUsec), ThrottledPeriods: s.CPU.NrThrottled,
			Memory: int64(s.Memory.Usage), MemoryPeak: int64(s.Memory.MaxUsage), Pids: int64(s.Pids.Current),
		}
		limits["memory"] = [2]uint64{s.Memory.UsageLimit, uint64(l.MemoryBytes)}
		limits["swap"] = [2]uint64{s.Memory.SwapLimit, 0}
		limits["pids"] = [2]uint64{s.Pids.Limit, uint64(l.PidsLimit) + initTasks}
	} else {
		path := func(n cgroup1.Name) (string, error) {
			return strings.TrimPrefix(g.file(string(n), ""), filepath.Join(root, string(n))), nil
		}
		c, err := cgroup1.Load(path, cgroup1.WithHierarchy(func() ([]cgroup1.Subsystem, error) {
			return []cgroup1.Subsystem{cgroup1.NewMemory(root, cgroup1.OptionalSwap()), cgroup1.NewPids(root), cgroup1.NewCpu(root), cgroup1.NewCpuacct(root)}, nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		s, err := c.Stat()
		if err != nil {
			t.Fatal(err)
		}
		u = runtime.Usage{
			CPU: time.Duration(s.CPU.Usage.Total), Throttled: time.Duration(s.CPU.Throttling.ThrottledTime), ThrottledPeriods: s.CPU.Throttling.ThrottledPeriods,
			Memory: int64(s.Memory.Usage.Usage), MemoryPeak: int64(s.Memory.Usage.Max), Pids: int64(s.Pids.Current),
		}
		limits["memory"] = [2]uint64{s.Memory.Usage.Limit, uint64(l.MemoryBytes)}
		limits["pids"] = [2]uint64{s.Pids.Limit, uint64(l.PidsLimit) + initTasks}
		if _, err := os.Stat(g.file("memory", "memory.memsw.limit_in_bytes")); err == nil {
			limits["memory and swap"] = [2]uint64{s.Memory.Swap.Limit, uint64(l.MemoryBytes)}
		}
	}
	for name, v := range limits {
		if v[0] != v[1] {
			t.Errorf("the library says that the limit of %s is %d; it should be %d", name, v[0], v[1])
		}
	}
	return u
}

func TestAdd(t *testing.T) {
	p := open(t)
	if p == nil {
		return
	}
	g := group(t, p, runtime.ResourceLimits{PidsLimit: 50})
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), roleVariable+"=sleep")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	if err := g.Add(cmd.Process.Pid); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", cmd.Process.Pid))
	if err != nil || !strings.Contains(string(data), g.name) {
		t.Errorf("it is in %s, %v", data, err)
	}
	if err := g.Add(1 << 30); !errors.Is(err, unix.ESRCH) && !errors.Is(err, unix.EINVAL) {
		t.Errorf("a process that is none: %v", err)
	}
}

// TestCollect kills an owner, and opens another.
func TestCollect(t *testing.T) {
	if open(t) == nil {
		return
	}
	cmd := exec.Command("/proc/self/exe")
	role := "owner"
	if delegated() {
		role = "delegated"
	}
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var dir string
	if _, err := fmt.Fscanln(out, &dir); err != nil {
		t.Fatal(err)
	}
	Collect()
	if _, err := os.Stat(dir); err != nil {
		t.Errorf("the directory of one that lives is gone: %v", err)
	}
	// The place is the machine's, where the same test may run twice.
	foreign := filepath.Join(filepath.Dir(filepath.Dir(dir)), fmt.Sprintf("sandbox-foreign-%d", os.Getpid()))
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	if err := os.Mkdir(foreign, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(foreign) })
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	eventually(t, "what a dead one left is gone", func() bool {
		Collect()
		_, err := os.Stat(filepath.Dir(dir))
		return os.IsNotExist(err)
	})
	if err := os.Remove(foreign); err != nil {
		t.Errorf("another program's group: %v", err)
	}
}
