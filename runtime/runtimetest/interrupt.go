// SPDX-License-Identifier: MIT

package runtimetest

import (
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/sandbox-rls/sandbox/internal/pty"
	"github.com/sandbox-rls/sandbox/runtime"
)

// interrupts tests that what a command has begun since it was settled can be
// ended by itself.
func (s *suite) interrupts(t *testing.T) {
	b := s.start(t)
	old, recent := newMarker(), newMarker()
	// A shell with jobs from before and from after it was settled, which traps
	// the signal that it is told by. Its own arguments hold no marker.
	c := b.begin(runtime.Command{
		Argv: []string{"sh", "-c", `trap 'echo told' USR2
			(setsid sh -c "$OLD" &); sh -c "$OLD" & echo before
			while [ ! -e /tmp/settled ]; do sleep 0.01; done
			(setsid sh -c "$RECENT" &); (trap '' HUP; exec sh -c "$RECENT") & sh -c "trap '' INT TERM; $RECENT" & echo after
			while [ ! -e /tmp/over ]; do sleep 0.01; done; echo on`},
		Env: []string{"PATH=/usr/bin:/bin", "OLD=" + sleeper(old), "RECENT=" + sleeper(recent)},
	}, "")
	c.ready()
	// A shell that is about to execute something else bears the marker for a
	// moment, too: only so many stay.
	const jobs = 2
	eventually(t, "the first jobs run", func() bool { return len(marked(old)) >= jobs })
	if err := c.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.out("touch /tmp/settled")
	c.ready()
	eventually(t, "the later jobs run", func() bool { return len(marked(recent)) >= 3 })
	if err := c.Interrupt(syscall.SIGKILL, syscall.SIGUSR2); err != nil {
		t.Fatal(err)
	}
	if err := c.Settle(t.Context()); err != nil { // which comes after it
		t.Fatal(err)
	}
	if left := marked(recent); len(left) > 0 {
		t.Errorf("processes %v are left", left)
	}
	if n := len(marked(old)); n < jobs {
		t.Errorf("%d of %d processes from before are left", n, jobs)
	}
	b.out("touch /tmp/over")
	if r := c.wait(); r.ExitCode != 0 || r.stdout != "told\non\n" {
		t.Errorf("the command itself: %+v", r)
	}
	if err := c.Settle(t.Context()); err == nil {
		t.Error("a command that has ended was settled")
	}
}

// descriptors tests the files that a command gets besides the standard three.
func (s *suite) descriptors(t *testing.T) {
	b := s.start(t)
	var theirs, ours []*os.File
	for range 3 {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		theirs, ours = append(theirs, w), append(ours, r)
	}
	r := b.run(runtime.Command{Argv: []string{"sh", "-c", "echo three >&3; echo four >&4; echo five >&5; ls /proc/self/fd | tr '\\n' ' '"}, Files: theirs}, "")
	for i, want := range []string{"three\n", "four\n", "five\n"} {
		theirs[i].Close()
		if got, err := io.ReadAll(ours[i]); err != nil || string(got) != want {
			t.Errorf("descriptor %d: got %q, %v", 3+i, got, err)
		}
	}
	if r.stdout != "0 1 2 3 4 5 6 " {
		t.Errorf("the command has the descriptors %s", r.stdout)
	}
}

// terminal tests that a command can have a terminal of the sandbox's.
func (s *suite) terminal(t *testing.T) {
	b := s.start(t)
	master, slave, err := pty.Open(b.Door().Root, pty.Size{Rows: 50, Cols: 132})
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	if u := b.Door().User; u != nil {
		if err := pty.Give(slave, u.UID); err != nil {
			t.Fatal(err)
		}
	}
	p, err := b.Start(runtime.Command{
		Argv: []string{"sh", "-c", "tty; stty size; cat /proc/self/stat | cut -d' ' -f7; echo hello > /dev/tty; echo again > $(tty)"}, Env: []string{"PATH=/usr/bin:/bin"}, Dir: "/",
		Stdin: slave, Stdout: slave, Stderr: slave, TTY: true,
	})
	slave.Close()
	if err != nil {
		t.Fatal(err)
	}
	out, _ := io.ReadAll(master) // ends with EIO
	if _, err := p.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	if got := strings.ReplaceAll(string(out), "\r", ""); got != "/dev/pts/0\n50 132\n34816\nhello\nagain\n" {
		t.Errorf("got %q", got)
	}
}
