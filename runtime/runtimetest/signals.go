// SPDX-License-Identifier: MIT

package runtimetest

import (
	"fmt"
	"sync"
	"syscall"
	"testing"

	"github.com/sandbox-rls/sandbox/runtime"
)

// families are ways in which a command leaves processes behind. %s is a
// command line in single quotes.
var families = []struct{ name, script string }{
	{"background", "sh -c %s &"},
	{"subshell", "(sh -c %s &)"},
	{"new session", "setsid sh -c %s &"},
	{"daemon", "(setsid sh -c %s &) &"},
	{"orphaned daemon", `setsid sh -c "sh -c \"\$1\" & exit" sh %s`},
	{"closed files", "setsid sh -c %s </dev/null >/dev/null 2>&1 &"},
	{"ignores signals", "trap '' TERM HUP INT; setsid sh -c %s &"},
}

// signals tests that a signal reaches all of a command, and nothing else.
func (s *suite) signals(t *testing.T) {
	b := s.start(t)
	t.Run("handled", func(t *testing.T) {
		b := b.in(t)
		c := b.begin(script("trap 'echo caught; exit 7' TERM; echo ready; while :; do sleep 0.01; done"), "")
		c.ready()
		if err := c.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if r := c.wait(); r.ExitCode != 7 || r.stdout != "caught\n" {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("after the end", func(t *testing.T) {
		b := b.in(t)
		c := b.begin(script("true"), "")
		c.wait()
		if err := c.Signal(syscall.SIGKILL); err != nil {
			t.Errorf("got %v", err)
		}
		b.out("true")
	})
	other, mine := newMarker(), newMarker()
	bystander := b.begin(script("sh -c '"+sleeper(other)+"' & echo ready; cat >/dev/null; wait"), "")
	bystander.ready()
	for _, f := range families {
		t.Run(f.name, func(t *testing.T) {
			b := b.in(t)
			c := b.begin(script(family(f.script, mine)+"\necho ready; while :; do sleep 100; done"), "")
			c.ready()
			eventually(t, "a process appears", func() bool { return len(marked(mine)) > 0 })
			if err := c.Signal(syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			if r := c.wait(); r.Signal != int(syscall.SIGKILL) {
				t.Errorf("got %+v", r.Status)
			}
			if left := marked(mine); len(left) > 0 {
				t.Errorf("processes %v are left", left)
			}
			if len(marked(other)) == 0 {
				t.Error("a process of another command was killed")
			}
		})
	}
	_ = bystander.Signal(syscall.SIGKILL)
	bystander.wait()
}

// leftovers tests that what a command leaves behind ends with it.
func (s *suite) leftovers(t *testing.T) {
	b := s.start(t)
	other, mine := newMarker(), newMarker()
	bystander := b.begin(script("sh -c '"+sleeper(other)+"' & echo ready; wait"), "")
	bystander.ready()
	for _, f := range families {
		t.Run(f.name, func(t *testing.T) {
			b := b.in(t)
			// It ends when it is told to, so that its processes are seen first.
			c := b.begin(script(family(f.script, mine)+"\ntrap 'exit 5' USR1; echo ready; while :; do sleep 0.01; done"), "")
			c.ready()
			eventually(t, "a process appears", func() bool { return len(marked(mine)) > 0 })
			if err := c.Signal(syscall.SIGUSR1); err != nil {
				t.Fatal(err)
			}
			if r := c.wait(); r.ExitCode != 5 {
				t.Errorf("got %+v", r.Status)
			}
			if left := marked(mine); len(left) > 0 {
				t.Errorf("processes %v are left", left)
			}
			if len(marked(other)) == 0 {
				t.Error("a process of another command was killed")
			}
		})
	}
	_ = bystander.Signal(syscall.SIGKILL)
	bystander.wait()
}

// bystanders tests that the end of a command does not touch another, whatever
// that one is doing with its processes at the moment.
func (s *suite) bystanders(t *testing.T) {
	b := s.start(t)
	const n = 300
	c := b.begin(script(fmt.Sprintf(`i=0; while [ $i -lt %d ]; do i=$((i+1)); (setsid sh -c '(sh -c "echo x; :" &)' &); done; while :; do sleep 100; done`, n)), "")
	var wg sync.WaitGroup
	stop := make(chan struct{})
	defer wg.Wait()
	defer close(stop)
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					b.sh("sleep 1000 & :")
				}
			}
		})
	}
	for range n {
		c.ready() // each of its processes lives to say so
	}
}

// family is a way of leaving a process behind with its command line filled in.
func family(way, marker string) string {
	head, tail := way, ""
	for i := 0; i+1 < len(way); i++ {
		if way[i:i+2] == "%s" {
			head, tail = way[:i], way[i+2:]
		}
	}
	return head + "'trap \"\" USR1; " + sleeper(marker) + "'" + tail
}

func script(line string) runtime.Command {
	return runtime.Command{Argv: []string{"sh", "-c", line}}
}
