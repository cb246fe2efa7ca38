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
	told := false
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		p.Poll(255)
		if pid := p.process(); pid != 0 && !told {
			fmt.Println(pid)
			told = true
		}
	}
	os.Exit(1)
}

// process is the number of the one that runs, or 0.
func (p *Poller) process() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live == nil {
		return 0
	}
	return p.live.pid
}

// gone reports whether there is none, nor one to come.
func (p *Poller) gone() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended == nil
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
	p := &Poller{idle: idle}
	t.Cleanup(p.Close)
	p.Poll(1)
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
		return ran(t, pid)-before > time.Millisecond
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
	if group, err := os.ReadFile(fmt.Sprintf("/proc/%d/autogroup", pid)); err == nil && !bytes.HasSuffix(bytes.TrimSpace(group), []byte(" 19")) {
		t.Errorf("its autogroup is %s", group)
	}
	if name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); !strings.HasPrefix(pollerArg, string(bytes.TrimSpace(name))) || len(name) < 8 {
		t.Errorf("its name is %s, %v", name, err)
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
	if millis, err := newest(pair[1]); millis != 1 || err != nil {
		t.Errorf("got %d, %v", millis, err)
	}
	unix.Close(pair[0])
	if millis, err := newest(pair[1]); millis != 0 || err != nil {
		t.Errorf("got %d, %v of nobody", millis, err)
	}
}

// TestPreempted has it stop when the core is not idle.
func TestPreempted(t *testing.T) {
	for _, test := range []struct {
		name  string
		steps []time.Duration // between looks at the clock; the last one for ever
		looks int
		want  bool
	}{
		{"idle", []time.Duration{time.Microsecond}, 1001, true},
		{"idle but for interrupts", []time.Duration{time.Microsecond, preempted}, 7, true},
		{"not idle", []time.Duration{time.Microsecond, time.Microsecond, preempted + 1}, 4, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			now, looks := time.Unix(0, 0), 0
			got := poll(time.Millisecond, func() time.Time {
				if looks++; looks > 1 {
					now = now.Add(test.steps[min(looks-2, len(test.steps)-1)])
				}
				return now
			})
			if got != test.want || looks != test.looks {
				t.Errorf("got %v after %d looks, want %v after %d", got, looks, test.want, test.looks)
			}
		})
	}
}

// TestWithoutWork has the process end for want of it, and another one started.
func TestWithoutWork(t *testing.T) {
	p := &Poller{idle: time.Millisecond}
	t.Cleanup(p.Close)
	p.Poll(1)
	eventually(t, "gone", p.gone)
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
	eventually(t, "gone", p.gone)
	if p.Poll(1); !p.gone() {
		t.Error("it was started again at once")
	}
	p.mu.Lock()
	p.next = time.Now()
	p.mu.Unlock()
	if p.Poll(1); p.gone() {
		t.Error("it was not started again later")
	}
}

// TestReaped has the program wait for its children itself, whoever they are.
func TestReaped(t *testing.T) {
	p := begin(t, time.Hour)
	pid := p.process()
	if err := unix.Kill(pid, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_, _ = unix.Wait4(pid, nil, 0, nil) // or the poller was quicker
	eventually(t, "gone", p.gone)
}

func TestClose(t *testing.T) {
	new(Poller).Close()
	for range 20 {
		p := new(Poller)
		p.Poll(255)
		p.Close() // whether it has been started or not
		eventually(t, "gone", p.gone)
		if p.Poll(255); !p.gone() {
			t.Error("it was started after it was closed")
		}
		p.Close()
	}
	p := begin(t, time.Hour)
	pid := p.process()
	p.Poll(255)
	p.Close()
	eventually(t, "gone", func() bool { return p.gone() && fields(pid) == nil })
}

// TestCloseStopped ends a process that cannot find out that it is to end.
func TestCloseStopped(t *testing.T) {
	p := begin(t, time.Hour)
	if err := unix.Kill(p.process(), unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	p.Close()
	eventually(t, "gone", p.gone)
}

// TestCloseStarved does not wait for a process that gets no time to end.
func TestCloseStarved(t *testing.T) {
	p := &Poller{ended: make(chan struct{})} // for ever
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.Close()
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Error("it waits")
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
