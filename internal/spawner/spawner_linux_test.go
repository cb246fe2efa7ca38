// SPDX-License-Identifier: MIT

package spawner_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/control"
	"github.com/sandbox-rls/sandbox/internal/spawner"
)

// request asks for an init with the caller as its only user.
func request() *control.Spawn {
	return &control.Spawn{
		Namespaces: unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNS,
		UIDs:       []control.IDMap{{Inside: 1000, Outside: uint32(os.Geteuid()), Count: 1}},
		GIDs:       []control.IDMap{{Inside: 1000, Outside: uint32(os.Getegid()), Count: 1}},
	}
}

// begin starts a spawner, which has no child, and returns it with its number. It
// ends with the test.
func begin(t *testing.T) (*spawner.Spawner, int) {
	t.Helper()
	s, err := spawner.Begin("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	p, conn := spawn(t, s) // it answers, so that it is there
	pid, _ := strconv.Atoi(field(p.PID, "PPid"))
	line := commandLine(pid)
	p.Kill()
	conn.Close()
	if !strings.HasPrefix(line, "sandbox-spawner") {
		t.Fatalf("the init's parent is %d, %q", pid, line)
	}
	eventually(t, "its first init is reaped", func() bool { return len(children(pid)) == 0 })
	return s, pid
}

// spawn has an init forked. It waits for a set-up.
func spawn(t *testing.T, s *spawner.Spawner) (*spawner.Process, *control.Conn) {
	t.Helper()
	p, conn, err := s.Spawn(request())
	if err != nil {
		t.Fatalf("spawn: %v", err)
	}
	return p, conn
}

func TestSpawn(t *testing.T) {
	s, pid := begin(t)
	p, conn := spawn(t, s)
	defer conn.Close()
	// execve(2) closes the files that tell of it before there is a command line.
	eventually(t, "the init has a command line", func() bool { return commandLine(p.PID) != "" })
	if line := commandLine(p.PID); line != "sandbox-setup" {
		t.Errorf("the init's command line is %q", line)
	}
	if parent := field(p.PID, "PPid"); parent != strconv.Itoa(pid) {
		t.Errorf("the init's parent is %s, the spawner %d", parent, pid)
	}
	p.Kill()
	if alive(p.PID) {
		t.Error("the init is alive")
	}
	eventually(t, "the spawner reaps its child", func() bool { return len(children(pid)) == 0 })
}

// TestInitEndsWithItsSocket is about an init whose owner gives up.
func TestInitEndsWithItsSocket(t *testing.T) {
	s, pid := begin(t)
	p, conn := spawn(t, s)
	conn.Close()
	eventually(t, "the init ends and is reaped", func() bool { return len(children(pid)) == 0 })
	p.Kill()
}

func TestSpawnAtOnce(t *testing.T) {
	s, pid := begin(t)
	const n = 50
	pids := make([]int, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			p, conn, err := s.Spawn(request())
			if err != nil {
				t.Error(err)
				return
			}
			pids[i] = p.PID
			p.Kill()
			conn.Close()
		})
	}
	wg.Wait()
	slices.Sort(pids)
	if len(slices.Compact(pids)) != n {
		t.Errorf("got the inits %v", pids)
	}
	eventually(t, "all are reaped", func() bool { return len(children(pid)) == 0 })
}

func TestRefusal(t *testing.T) {
	s, pid := begin(t)
	before := count(t, os.Getpid())
	for name, change := range map[string]func(*control.Spawn){
		"flags":    func(m *control.Spawn) { m.Namespaces |= unix.CLONE_THREAD },
		"no users": func(m *control.Spawn) { m.UIDs[0].Count = 0 },
		"a user that does not exist in the namespace": func(m *control.Spawn) { m.Become, m.UID, m.GID = true, 7, 7 },
	} {
		m := request()
		change(m)
		_, _, err := s.Spawn(m)
		var errno unix.Errno
		if !errors.As(err, &errno) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := s.MapIDs(&control.MapIDs{UIDs: []control.IDMap{{}}}); !errors.Is(err, unix.EINVAL) {
		t.Errorf("maps: got %v", err)
	}
	if now := count(t, os.Getpid()); now > before {
		t.Errorf("%d files were open, %d are", before, now)
	}
	eventually(t, "no child is left", func() bool { return len(children(pid)) == 0 })
	p, conn := spawn(t, s)
	conn.Close()
	p.Kill()
}

func TestMapIDs(t *testing.T) {
	s, pid := begin(t)
	m := request()
	ns, err := s.MapIDs(&control.MapIDs{UIDs: m.UIDs, GIDs: m.GIDs})
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(ns)
	kind, err := unix.IoctlRetInt(ns, unix.NS_GET_NSTYPE)
	if err != nil || kind != unix.CLONE_NEWUSER {
		t.Errorf("got a file of type %#x, %v", kind, err)
	}
	var st, own unix.Stat_t
	if err := errors.Join(unix.Fstat(ns, &st), unix.Stat("/proc/self/ns/user", &own)); err != nil {
		t.Fatal(err)
	}
	if st.Ino == own.Ino {
		t.Error("it is the caller's own")
	}
	eventually(t, "the process that it was made with is gone", func() bool { return len(children(pid)) == 0 })
}

// TestNoFileIsKept counts the files of both sides over many requests.
func TestNoFileIsKept(t *testing.T) {
	s, pid := begin(t)
	layer, err := os.Open("/")
	if err != nil {
		t.Fatal(err)
	}
	defer layer.Close()
	eventually(t, "the spawner rests", func() bool { return len(children(pid)) == 0 })
	owners, spawners := count(t, os.Getpid()), count(t, pid)
	for range 100 {
		p, conn, err := s.Spawn(request())
		if err != nil {
			t.Fatal(err)
		}
		p.Kill()
		conn.Close()
		m := request()
		ns, err := s.MapIDs(&control.MapIDs{UIDs: m.UIDs, GIDs: m.GIDs})
		if err != nil {
			t.Fatal(err)
		}
		unix.Close(ns)
	}
	if now := count(t, os.Getpid()); now > owners {
		t.Errorf("the owner had %d files open, and has %d", owners, now)
	}
	// It may have reaped its first init, and not yet closed what it had of it, when they were counted.
	eventually(t, "the spawner closes its files", func() bool { return count(t, pid) <= spawners })
}

// TestHoldsNothing looks at what the spawner has of its owner.
func TestHoldsNothing(t *testing.T) {
	var pipe [2]int
	if err := unix.Pipe(pipe[:]); err != nil { // not close-on-exec
		t.Fatal(err)
	}
	defer unix.Close(pipe[0])
	t.Setenv("SPAWNER_TEST_SECRET", "hunter2")
	s, pid := begin(t)
	unix.Close(pipe[1])
	if n, err := unix.Read(pipe[0], make([]byte, 1)); n != 0 || err != nil {
		t.Errorf("reading from the pipe: %d, %v", n, err)
	}
	for _, fd := range files(t, pid) {
		// The last are the Go runtime's own.
		if fd != "/dev/null" && !strings.HasPrefix(fd, "socket:") && !strings.HasPrefix(fd, "anon_inode:") && !strings.HasPrefix(fd, "/sys/fs/cgroup/") {
			t.Errorf("the spawner has %s open", fd)
		}
	}
	env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil || strings.Contains(string(env), "SECRET") || strings.Contains(string(env), "PATH=") {
		t.Errorf("its environment is %q, %v", env, err)
	}
	if dir, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); dir != "/" {
		t.Errorf("its working directory is %s, %v", dir, err)
	}
	if sid, err := unix.Getsid(pid); sid != pid {
		t.Errorf("its session is %d, %v", sid, err)
	}
	// What a terminal or a service manager sends to all processes of the owner.
	for _, sig := range []unix.Signal{unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGHUP} {
		if err := unix.Kill(pid, sig); err != nil {
			t.Fatal(err)
		}
	}
	p, conn := spawn(t, s)
	conn.Close()
	p.Kill()
}

// count counts the open files of a process.
func count(t *testing.T, pid int) int { return len(files(t, pid)) }

func files(t *testing.T, pid int) []string {
	t.Helper()
	names, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, n := range names {
		if to, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", pid, n.Name())); err == nil {
			list = append(list, to)
		}
	}
	return list
}

func commandLine(pid int) string {
	line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return strings.TrimRight(string(line), "\x00")
}

// field returns a line of proc_pid_status(5), "" when the process is gone.
func field(pid int, name string) string {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(data)) {
		if v, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// alive reports whether a process exists and is not a zombie.
func alive(pid int) bool {
	state := field(pid, "State")
	return state != "" && state[0] != 'Z' && state[0] != 'X'
}

// children lists the children of a process, zombies included.
func children(parent int) []int {
	names, _ := filepath.Glob("/proc/[0-9]*")
	var pids []int
	for _, name := range names {
		if pid, _ := strconv.Atoi(filepath.Base(name)); field(pid, "PPid") == strconv.Itoa(parent) {
			pids = append(pids, pid)
		}
	}
	return pids
}
