// SPDX-License-Identifier: MIT

package native_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/runtime"
	"github.com/sandbox-rls/sandbox/runtime/native"
)

// config is that of a sandbox whose workspace has the file "hello".
func config(t *testing.T, rt *native.Runtime) runtime.Config {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "hello")
	if err := os.WriteFile(file, []byte("hello\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	filter, err := fsguard.Filter(false)
	if err != nil {
		t.Fatal(err)
	}
	return runtime.Config{
		Spec:   runtime.NewSpec(runtime.SpecOptions{Hostname: "test", Dir: "/workspace"}),
		View:   runtime.View{Target: "/workspace", Lower: []runtime.Layer{{Dir: dir, MapOwner: rt.Owner().UID >= 0}}},
		Filter: filter,
	}
}

func start(t *testing.T, rt *native.Runtime, cfg runtime.Config) runtime.Instance {
	t.Helper()
	in, err := rt.Start(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	return in
}

// works runs a command.
func works(t *testing.T, in runtime.Instance) {
	t.Helper()
	if out := prints(t, in, "/bin/cat", "hello"); out != "hello\n" {
		t.Errorf("it printed %q", out)
	}
}

// prints runs a command that must succeed, and returns what it prints.
func prints(t *testing.T, in runtime.Instance, argv ...string) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	p, err := in.Start(runtime.Command{Argv: argv, Dir: "/workspace", Stdin: null, Stdout: w, Stderr: w})
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	if st, err := p.Wait(context.Background()); err != nil || st.ExitCode != 0 {
		t.Errorf("the command ended with %+v, %v", st, err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Error(err)
	}
	return string(out)
}

// ends waits for the end of a sandbox.
func ends(t *testing.T, in runtime.Instance) {
	t.Helper()
	select {
	case <-in.Done():
	case <-time.After(time.Minute):
		t.Fatal("the sandbox does not end")
	}
	if err := in.Close(); err != nil {
		t.Error(err)
	}
}

// spawners lists the spawners of this process.
func spawners() []int {
	return slices.DeleteFunc(childrenOf(os.Getpid()), func(pid int) bool {
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		return !strings.HasPrefix(string(line), "sandbox-spawner")
	})
}

func childrenOf(parent int) []int {
	var pids []int
	names, _ := filepath.Glob("/proc/[0-9]*")
	for _, name := range names {
		status, _ := os.ReadFile(filepath.Join(name, "status"))
		if strings.Contains(string(status), fmt.Sprintf("\nPPid:\t%d\n", parent)) {
			pid, _ := strconv.Atoi(filepath.Base(name))
			pids = append(pids, pid)
		}
	}
	return pids
}

// runtimeAlone returns a runtime and the number of its spawner, the only one of
// this process.
func runtimeAlone(t *testing.T) (*native.Runtime, int) {
	t.Helper()
	rt := native.New()
	t.Cleanup(func() { rt.Close() })
	before := spawners()
	start(t, rt, config(t, rt)).Close()
	for _, pid := range spawners() {
		if len(before) == 0 {
			return rt, pid
		}
	}
	t.Fatalf("the spawners were %v, and are %v", before, spawners())
	return nil, 0
}

func TestSpawnerDies(t *testing.T) {
	rt, pid := runtimeAlone(t)
	cfg := config(t, rt)
	for range 5 {
		a, b := start(t, rt, cfg), start(t, rt, cfg)
		works(t, a)
		if got := spawners(); len(got) != 1 || got[0] != pid {
			t.Fatalf("the spawners are %v, one was %d", got, pid)
		}
		if err := unix.Kill(pid, unix.SIGKILL); err != nil {
			t.Fatal(err)
		}
		c := start(t, rt, cfg) // at once, whether its end is known or not
		works(t, c)
		ends(t, a)
		ends(t, b)
		works(t, c)
		ends(t, closed(c))
		pid = successor(t, pid)
	}
}

// successor waits until there is but one spawner, another than the one that was killed:
// that may have lost its children before all of it has ended.
func successor(t *testing.T, killed int) int {
	t.Helper()
	var pids []int
	eventually(t, "there is one spawner, and another", func() bool {
		pids = spawners()
		return len(pids) == 1 && pids[0] != killed
	})
	return pids[0]
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

// TestEndings sends what a terminal or a service manager sends to all
// processes of the owner when that is to end.
func TestEndings(t *testing.T) {
	rt, pid := runtimeAlone(t)
	in := start(t, rt, config(t, rt))
	for _, pid := range append(childrenOf(pid), pid) {
		for _, sig := range []unix.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGUSR1, unix.SIGUSR2, unix.SIGPIPE, unix.SIGALRM} {
			if err := unix.Kill(pid, sig); err != nil && err != unix.ESRCH { // of the sandbox before
				t.Fatal(err)
			}
		}
	}
	works(t, in)
	works(t, start(t, rt, config(t, rt)))
}

func closed(in runtime.Instance) runtime.Instance {
	in.Close()
	return in
}

func TestClose(t *testing.T) {
	rt, pid := runtimeAlone(t)
	cfg := config(t, rt)
	for range 3 {
		in := start(t, rt, cfg)
		works(t, in)
		if err := rt.Close(); err != nil {
			t.Error(err)
		}
		if got := spawners(); len(got) != 0 {
			t.Errorf("the spawners %v are left, one was %d", got, pid)
		}
		ends(t, in)
	}
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
}

// standby returns the process that a runtime has for the next start, when no
// sandbox runs. The runtime knows of it by then.
func standby(t *testing.T, rt *native.Runtime, spawner int) int {
	t.Helper()
	rt.Prepare()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		pids := childrenOf(spawner)
		if len(pids) != 1 {
			continue
		}
		// It waits for its set-up in recvmsg(2).
		if line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pids[0])); strings.HasPrefix(string(line), "sandbox-setup") && holdsProcess() {
			return pids[0]
		}
	}
	t.Fatalf("no process waits for the next start; the spawner's children are %v", childrenOf(spawner))
	return 0
}

// holdsProcess reports whether this process has a pidfd.
func holdsProcess() bool {
	names, _ := filepath.Glob("/proc/self/fd/*")
	return slices.ContainsFunc(names, func(name string) bool {
		to, _ := os.Readlink(name)
		return strings.HasPrefix(to, "anon_inode:[pidfd")
	})
}

// TestThreads waits until an init has the threads that it may come to need: when its
// first command has begun.
func TestThreads(t *testing.T) {
	rt, spawner := runtimeAlone(t)
	in := start(t, rt, config(t, rt))
	works(t, in)
	pid := childrenOf(spawner)[0]
	tasks := 0
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		names, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
		if tasks = len(names); tasks >= 7 { // three that it begins with, and four
			return
		}
	}
	t.Errorf("%d threads", tasks)
}

// TestStandby starts a sandbox with the process that was forked for it.
func TestStandby(t *testing.T) {
	rt, spawner := runtimeAlone(t)
	pid := standby(t, rt, spawner)
	in := start(t, rt, config(t, rt))
	works(t, in)
	if !slices.Contains(childrenOf(spawner), pid) {
		t.Errorf("the process %d is not the sandbox's: %v", pid, childrenOf(spawner))
	}
	in.Close()
	eventually(t, "it ends with the sandbox", func() bool { return !slices.Contains(childrenOf(spawner), pid) })
}

// TestStandbyDies has the process end while it waits, and the spawner too.
func TestStandbyDies(t *testing.T) {
	rt, spawner := runtimeAlone(t)
	for _, victim := range []int{standby(t, rt, spawner), spawner} {
		if err := unix.Kill(victim, unix.SIGKILL); err != nil {
			t.Fatal(err)
		}
		works(t, start(t, rt, config(t, rt)))
	}
}

// TestStandbyIsAsAsked starts with a process that was forked for another kind of
// sandbox.
func TestStandbyIsAsAsked(t *testing.T) {
	rt, spawner := runtimeAlone(t)
	standby(t, rt, spawner)
	cfg := config(t, rt)
	cfg.Spec = runtime.NewSpec(runtime.SpecOptions{Hostname: "test", Dir: "/workspace", Network: runtime.NetworkHost})
	for range 3 {
		in := start(t, rt, cfg)
		own := strings.TrimSpace(prints(t, in, "/bin/readlink", "/proc/self/ns/net"))
		if host, err := os.Readlink("/proc/self/ns/net"); own != host || err != nil {
			t.Errorf("its network is %s, not the host's %s; %v", own, host, err)
		}
		in.Close()
	}
}

// TestStandbyHoldsNoMount looks at the host's mounts as they are at the start, not
// as they were when the process was forked.
func TestStandbyHoldsNoMount(t *testing.T) {
	rt, spawner := runtimeAlone(t)
	pid := standby(t, rt, spawner)
	own, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/mnt", pid))
	host, _ := os.Readlink("/proc/self/ns/mnt")
	if own != host || err != nil {
		t.Errorf("its mounts are %s, not the host's %s; %v", own, host, err)
	}
	in := start(t, rt, config(t, rt))
	own, err = os.Readlink(fmt.Sprintf("/proc/%d/ns/mnt", pid))
	if own == host || err != nil {
		t.Errorf("the sandbox's mounts are the host's; %v", err)
	}
	works(t, in)
}

// TestPrepare looks at what begins before the first start.
func TestPrepare(t *testing.T) {
	rt := native.New()
	defer rt.Close()
	if got := spawners(); len(got) != 0 {
		t.Fatalf("a spawner nobody asked for: %v", got)
	}
	for range 3 {
		rt.Prepare()
	}
	works(t, start(t, rt, config(t, rt)))
	if got := spawners(); len(got) != 1 {
		t.Errorf("the spawners are %v", got)
	}
	rt.Close()
	rt.Prepare()
	rt.Close()
	if got := spawners(); len(got) != 0 {
		t.Errorf("the spawners %v are left", got)
	}
}

// TestCloseWhileStarting closes a runtime at any point of starts.
func TestCloseWhileStarting(t *testing.T) {
	rt, _ := runtimeAlone(t)
	cfg := config(t, rt)
	for range 10 {
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				in, err := rt.Start(context.Background(), cfg)
				if err == nil {
					in.Close()
				} else if !errors.Is(err, os.ErrClosed) && !errors.Is(err, runtime.ErrEnded) {
					t.Errorf("got %v", err)
				}
			})
		}
		wg.Go(func() { rt.Close() })
		wg.Wait()
	}
	works(t, start(t, rt, cfg))
	rt.Close()
	if got := spawners(); len(got) != 0 {
		t.Errorf("the spawners %v are left", got)
	}
}

// TestNoFileIsKept counts the files of the owner over many starts.
func TestNoFileIsKept(t *testing.T) {
	rt, pid := runtimeAlone(t)
	cfg := config(t, rt)
	standby(t, rt, pid)
	owner, spawner := settledFiles(t, "self"), settledFiles(t, strconv.Itoa(pid))
	for range 30 {
		start(t, rt, cfg).Close()
	}
	standby(t, rt, pid)
	// What is closed apart from a start or an end may be later than that.
	noMore := func(whose, pid string, most int) {
		t.Helper()
		eventually(t, fmt.Sprintf("%s has no more than %d files open", whose, most), func() bool { return countFiles(t, pid) <= most })
	}
	noMore("the owner", "self", owner)
	noMore("the spawner", strconv.Itoa(pid), spawner)
	rt.Close()
	noMore("the owner of a closed runtime", "self", owner-1)
	after := settledFiles(t, "self")
	start(t, rt, cfg).Close()
	rt.Close()
	noMore("the owner of one that was closed again", "self", after)
}

// settledFiles counts when nothing is opened or closed any more.
func settledFiles(t *testing.T, pid string) int {
	t.Helper()
	n := countFiles(t, pid)
	for calm := 0; calm < 20; calm++ {
		time.Sleep(5 * time.Millisecond)
		if now := countFiles(t, pid); now != n {
			n, calm = now, 0
		}
	}
	return n
}

func countFiles(t *testing.T, pid string) int {
	t.Helper()
	names, err := os.ReadDir("/proc/" + pid + "/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}

// TestRelativeLayers names layers from the owner's working directory, which
// the spawner does not share.
func TestRelativeLayers(t *testing.T) {
	rt := native.New()
	defer rt.Close()
	cfg := config(t, rt)
	t.Chdir(filepath.Dir(cfg.View.Lower[0].Dir))
	cfg.View.Lower[0].Dir = filepath.Base(cfg.View.Lower[0].Dir)
	works(t, start(t, rt, cfg))
	cfg.View.Lower[0].Dir = ""
	if in, err := rt.Start(context.Background(), cfg); err == nil {
		in.Close()
		t.Error("a layer without a name is the working directory")
	}
}
