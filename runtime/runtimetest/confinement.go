// SPDX-License-Identifier: MIT

package runtimetest

import (
	"fmt"
	"os"
	goruntime "runtime"
	"strings"
	"testing"
)

// privileges tests what a command is to the kernel.
func (s *suite) privileges(t *testing.T) {
	b := s.start(t)
	status := b.out("cat /proc/self/status")
	for name, want := range map[string]string{
		"Uid":        strings.TrimSpace(strings.Repeat(fmt.Sprintf("%d\t", s.UID), 4)),
		"Gid":        strings.TrimSpace(strings.Repeat(fmt.Sprintf("%d\t", s.GID), 4)),
		"CapInh":     "0000000000000000",
		"CapPrm":     "0000000000000000",
		"CapEff":     "0000000000000000",
		"CapBnd":     "0000000000000000",
		"CapAmb":     "0000000000000000",
		"NoNewPrivs": "1",
		"Seccomp":    "2",
	} {
		if got := statusField(status, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	t.Run("name", func(t *testing.T) {
		b := b.in(t)
		if got := b.out("id -un"); got != s.Name {
			t.Errorf("got %q", got)
		}
	})
	t.Run("mounting", func(t *testing.T) {
		b := b.in(t)
		b.fails("mount -t tmpfs none /tmp")
		b.fails("unshare -Ur true")
		b.fails("unshare -m true")
		b.fails("chroot / true")
	})
	t.Run("on the host", func(t *testing.T) {
		if s.Image {
			t.Skip("the numbers are the image's")
		}
		b := b.in(t)
		marker := newMarker()
		c := b.begin(script("echo ready; "+sleeper(marker)), "")
		c.ready()
		pids := marked(marker)
		if len(pids) == 0 {
			t.Fatal("found no process")
		}
		for _, id := range []string{"Uid", "Gid"} {
			for _, n := range strings.Fields(field(pids[0], id)) {
				if n == "0" {
					t.Errorf("%s on the host: %s", id, field(pids[0], id))
				}
			}
		}
	})
}

// initProcess tests that commands cannot harm the init, nor look into it.
func (s *suite) initProcess(t *testing.T) {
	b := s.start(t)
	t.Run("read", func(t *testing.T) {
		b := b.in(t)
		for _, file := range []string{"mem", "environ", "maps", "auxv"} {
			b.fails("cat /proc/1/" + file)
		}
		for _, link := range []string{"exe", "cwd", "root", "fd/0", "fd/3"} {
			b.fails("readlink /proc/1/" + link)
		}
		if s.UID != 0 {
			b.fails("ls /proc/1/fd/") // which its owner may list, though not open
		}
		b.fails("cat /proc/1/root/etc/passwd")
		b.fails("echo x > /proc/1/mem")
	})
	t.Run("kill", func(t *testing.T) {
		b := b.in(t)
		for n := 1; n <= 64; n++ {
			b.sh(fmt.Sprintf("kill -%d 1", n))
			select {
			case <-b.Done():
				t.Fatalf("signal %d ended the init", n)
			default:
			}
		}
		b.out("true")
	})
	t.Run("trace", func(t *testing.T) {
		b := b.in(t)
		number, ok := map[string]int{"amd64": 101, "arm64": 117}[goruntime.GOARCH]
		if b.sh("perl -e 1").ExitCode != 0 || !ok {
			if s.required() {
				t.Fatal("no perl in the sandbox")
			}
			t.Skip("no perl in the sandbox")
		}
		const attach, seize = 16, 0x4206
		for _, request := range []int{attach, seize} {
			b.fails(fmt.Sprintf("perl -e 'exit(syscall(%d, %d, 1, 0, 0) == -1)'", number, request))
		}
	})
	t.Run("orphans are reaped", func(t *testing.T) {
		b := b.in(t)
		b.out("i=0; while [ $i -lt 50 ]; do (sh -c 'exit 0' &); i=$((i+1)); done")
		c := b.begin(script("i=0; while [ $i -lt 50 ]; do (setsid sh -c 'exit 0' &); i=$((i+1)); done; echo ready; cat"), "")
		c.ready()
		eventually(t, "no zombie is left", func() bool {
			return b.out("grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null | wc -l") == "0"
		})
		c.wait()
	})
}

// processes tests that a sandbox sees its own processes only.
func (s *suite) processes(t *testing.T) {
	one, two := s.start(t), s.start(t)
	marker := newMarker()
	c := one.begin(script("echo ready; "+sleeper(marker)), "")
	c.ready()
	// The pattern does not match the process that looks for it.
	look := "grep -l 'marker-[" + marker[7:8] + "]" + marker[8:] + "' /proc/[0-9]*/cmdline 2>/dev/null | wc -l"
	if got := one.out(look); got == "0" {
		t.Error("a sandbox does not see its own process")
	}
	if got := two.out(look); got != "0" {
		t.Errorf("another sandbox sees %s processes", got)
	}
	if pids := strings.Fields(two.out("cd /proc; ls -d [0-9]*")); len(pids) > 5 || pids[0] != "1" {
		t.Errorf("processes of an idle sandbox: %v", pids)
	}
	for _, pid := range marked(marker) {
		two.sh(fmt.Sprintf("kill -9 %d", pid))
		one.sh(fmt.Sprintf("kill -9 %d", os.Getpid()))
	}
	if len(marked(marker)) == 0 {
		t.Error("a process was killed by its number on the host")
	}
	t.Run("IPC", func(t *testing.T) {
		one.out("echo secret > /dev/shm/x; echo secret > /tmp/x")
		two.fails("cat /dev/shm/x")
		two.fails("cat /tmp/x")
		if one.out("readlink /proc/self/ns/ipc") == two.out("readlink /proc/self/ns/ipc") {
			t.Error("two sandboxes share System V IPC")
		}
	})
}
