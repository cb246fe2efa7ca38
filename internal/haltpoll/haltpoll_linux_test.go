// SPDX-License-Identifier: MIT

package haltpoll

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// ownerVariable makes the test binary an owner that has a core polled on until it is killed.
const ownerVariable = "HALTPOLL_TEST_OWNER"

func TestMain(m *testing.M) {
	if os.Getenv(ownerVariable) != "" {
		own()
	}
	os.Exit(m.Run())
}

func own() {
	var p Poller
	for told := false; ; time.Sleep(time.Millisecond) {
		p.Poll(255)
		if pid := p.process(); pid != 0 && !told {
			fmt.Println(pid)
			told = true
		}
	}
}

// process is the one that runs, or 0.
func (p *Poller) process() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state != running {
		return 0
	}
	return p.pid
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not %s after a minute", what)
		}
	}
}

// begin has a process started, and waits until it has become what it is.
func begin(t *testing.T, idle time.Duration) *Poller {
	t.Helper()
	p := &Poller{state: starting, ended: make(chan struct{})}
	go p.run(p.ended, idle)
	t.Cleanup(p.Close)
	eventually(t, "of the lowest class", func() bool { return class(p.process()) == unix.SCHED_IDLE })
	return p
}

// fields are those of proc_pid_stat(5) from the state on, which is the third.
func fields(pid int) []string {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	return strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
}

func class(pid int) int {
	f := fields(pid)
	if len(f) < 39 {
		return -1
	}
	n, _ := strconv.Atoi(f[38])
	return n
}

// ran is how long the process has run.
func ran(t *testing.T, pid int) time.Duration {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid))
	if err != nil {
		t.Fatal(err)
	}
	n, _ := strconv.ParseInt(strings.Fields(string(data))[0], 10, 64)
	return time.Duration(n)
}

func TestPoll(t *testing.T) {
	var pipe [2]int
	if err := unix.Pipe(pipe[:]); err != nil { // not close-on-exec
		t.Fatal(err)
	}
	defer unix.Close(pipe[0])
	defer unix.Close(pipe[1])
	p := begin(t, time.Hour)
	pid := p.process()
	before := ran(t, pid)
	eventually(t, "polling", func() bool {
		p.Poll(20)
		return ran(t, pid)-before > 100*time.Millisecond
	})
	eventually(t, "asleep", func() bool { f := fields(pid); return len(f) > 0 && f[0] == "S" })

	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if len(files) < 3 || err != nil {
		t.Fatalf("its files are %v, %v", files, err)
	}
	for _, file := range files {
		if to, err := os.Readlink(file); strings.HasPrefix(to, "pipe:") || err != nil {
			t.Errorf("%s is %s, %v", file, to, err)
		}
	}
	if dir, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); dir != "/" {
		t.Errorf("its directory is %q, %v", dir, err)
	}
	if env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid)); bytes.Contains(env, []byte("PATH=")) || err != nil {
		t.Errorf("its environment is %q, %v", env, err)
	}
	if sid, err := unix.Getsid(pid); sid != pid {
		t.Errorf("its session is %d, %v", sid, err)
	}
}

// TestNewest has the older messages forgotten.
func TestNewest(t *testing.T) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pair[1])
	for _, millis := range []byte{4, 2, 1} {
		if err := unix.Send(pair[0], []byte{millis}, 0); err != nil {
			t.Fatal(err)
		}
	}
	if millis, ok := newest(pair[1]); millis != 1 || !ok {
		t.Errorf("got %d, %v", millis, ok)
	}
	unix.Close(pair[0])
	if millis, ok := newest(pair[1]); ok {
		t.Errorf("got %d of nobody", millis)
	}
}

// TestWithoutWork has the process end for want of it, and another one started.
func TestWithoutWork(t *testing.T) {
	p := begin(t, time.Millisecond)
	<-p.ended
	eventually(t, "polling again", func() bool {
		p.Poll(1)
		return p.process() != 0
	})
}

// TestKilled does not start it again and again where it cannot live.
func TestKilled(t *testing.T) {
	p := begin(t, time.Hour)
	if err := unix.Kill(p.process(), unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-p.ended
	if p.Poll(1); p.state != failed {
		t.Errorf("its state is %v", p.state)
	}
}

func TestClose(t *testing.T) {
	new(Poller).Close()
	for range 20 {
		p := new(Poller)
		p.Poll(255)
		p.Close() // whether it has been started or not
		p.Poll(255)
		if p.state != failed || p.pid != 0 && fields(p.pid) != nil {
			t.Errorf("its state is %v, and the process %v", p.state, fields(p.pid))
		}
		p.Close()
	}
	p := begin(t, time.Hour)
	pid := p.process()
	p.Poll(255)
	p.Close()
	if f := fields(pid); f != nil {
		t.Errorf("the process is there: %v", f)
	}
}

func TestOwnerKilled(t *testing.T) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), ownerVariable+"=yes")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	var pidfd int
	if err == nil {
		pidfd, err = unix.PidfdOpen(pid, 0)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pidfd)
	eventually(t, "gone", func() bool {
		n, _ := unix.Poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}, 0)
		return n > 0
	})
}
