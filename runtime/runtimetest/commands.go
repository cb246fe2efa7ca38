// SPDX-License-Identifier: MIT

package runtimetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/sandbox-rls/sandbox/runtime"
)

// commands tests how commands start, talk and end.
func (s *suite) commands(t *testing.T) {
	b := s.start(t)
	t.Run("stdio", func(t *testing.T) {
		b := b.in(t)
		r := b.run(runtime.Command{Argv: []string{"sh", "-c", "cat; echo to stderr >&2"}}, "to stdin")
		if r.err != nil || r.stdout != "to stdin" || r.stderr != "to stderr\n" {
			t.Errorf("got %+v", r)
		}
	})
	for _, c := range []struct {
		script       string
		code, signal int
	}{
		{"true", 0, 0},
		{"exit 3", 3, 0},
		{"exit 255", 255, 0},
		{"kill -TERM $$", 128 + 15, 15},
		{"kill -KILL $$", 128 + 9, 9},
		{"kill -SEGV $$", 128 + 11, 11},
	} {
		t.Run(c.script, func(t *testing.T) {
			b := b.in(t)
			if r := b.sh(c.script); r.err != nil || r.ExitCode != c.code || r.Signal != c.signal {
				t.Errorf("got exit code %d, signal %d, %v; want %d, %d", r.ExitCode, r.Signal, r.err, c.code, c.signal)
			}
		})
	}
	for _, c := range []struct {
		name, argv0, dir, step, path string
		errno                        syscall.Errno
	}{
		{"missing program", "/bin/no-such-program", "", "exec", "/bin/no-such-program", syscall.ENOENT},
		{"not in PATH", "no-such-program", "", "exec", "no-such-program", syscall.ENOENT},
		{"not executable", "./hello", "", "exec", "./hello", syscall.EACCES},
		{"a directory", "/etc", "", "exec", "/etc", syscall.EACCES},
		{"missing directory", "true", "/no/such/dir", "chdir", "/no/such/dir", syscall.ENOENT},
		{"directory is a file", "true", target + "/hello", "chdir", target + "/hello", syscall.ENOTDIR},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := b.in(t)
			r := b.run(runtime.Command{Argv: []string{c.argv0}, Dir: c.dir}, "")
			var start *runtime.StartError
			if !errors.As(r.err, &start) || start.Step != c.step || start.Path != c.path || start.Err != c.errno {
				t.Errorf("got %#v; want %s %s: %v", r.err, c.step, c.path, c.errno)
			}
		})
	}
	t.Run("incomplete", func(t *testing.T) {
		b := b.in(t)
		for _, cmd := range []runtime.Command{{}, {Argv: []string{"true"}}, {Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}} {
			if _, err := b.Start(cmd); err == nil {
				t.Errorf("%+v started", cmd)
			}
		}
	})
	t.Run("usage", func(t *testing.T) {
		b := b.in(t)
		r := b.sh("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done")
		if r.User+r.System <= 0 || r.PeakMemory <= 0 {
			t.Errorf("used %v + %v, %d bytes", r.User, r.System, r.PeakMemory)
		}
	})
	t.Run("waiting ends with its context", func(t *testing.T) {
		b := b.in(t)
		c := b.begin(runtime.Command{Argv: []string{"cat"}}, "")
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := c.Wait(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if r := c.wait(); r.err != nil || r.ExitCode != 0 {
			t.Errorf("the command did not go on: %+v", r)
		}
		first, err1 := c.Wait(context.Background())
		if again, err2 := c.Wait(context.Background()); again != first || err1 != nil || err2 != nil {
			t.Errorf("waiting again: %+v %v, before %+v %v", again, err2, first, err1)
		}
	})
	t.Run("many at once", func(t *testing.T) {
		b := b.in(t)
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				r := b.run(runtime.Command{Argv: []string{"sh", "-c", fmt.Sprintf("cat; echo %d; exit %d", i, i)}}, "in ")
				if want := fmt.Sprintf("in %d\n", i); r.err != nil || r.stdout != want || r.ExitCode != i {
					t.Errorf("command %d: got %+v", i, r)
				}
			})
		}
		wg.Wait()
	})
}

// environment tests that a command has what it was given, and nothing else of
// its caller.
func (s *suite) environment(t *testing.T) {
	b := s.start(t)
	env := []string{"A=1", "EMPTY=", "PATH=/usr/bin:/bin"}
	t.Run("variables", func(t *testing.T) {
		b := b.in(t)
		r := b.run(runtime.Command{Argv: []string{"env"}, Env: env}, "")
		got := strings.Split(strings.TrimSpace(r.stdout), "\n")
		slices.Sort(got)
		if !slices.Equal(got, env) {
			t.Errorf("got %q, want %q", got, env)
		}
	})
	t.Run("files", func(t *testing.T) {
		b := b.in(t)
		if got := strings.Fields(b.out("ls /proc/$$/fd; :")); !slices.Equal(got, []string{"0", "1", "2"}) {
			t.Errorf("open files: %q", got)
		}
	})
	t.Run("directory", func(t *testing.T) {
		b := b.in(t)
		if got := b.out("pwd"); got != target {
			t.Errorf("got %q", got)
		}
		if r := b.run(runtime.Command{Argv: []string{"pwd"}, Dir: "/etc"}, ""); r.stdout != "/etc\n" {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("umask", func(t *testing.T) {
		b := b.in(t)
		if got := b.out("umask"); got != "0022" && got != "022" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("signals", func(t *testing.T) {
		b := b.in(t)
		// Not by a shell, which may ignore some itself.
		status := b.run(runtime.Command{Argv: []string{"cat", "/proc/self/status"}}, "").stdout
		for _, name := range []string{"SigBlk", "SigIgn"} {
			if v := strings.Trim(statusField(status, name), "0"); v != "" {
				t.Errorf("%s is %s", name, v)
			}
		}
	})
	t.Run("session", func(t *testing.T) {
		b := b.in(t)
		// The leader of a session of its own: no terminal of the caller's.
		fields := strings.Fields(b.out("cat /proc/$$/stat; :"))
		if fields[0] != fields[5] || fields[6] != "0" {
			t.Errorf("process %s is in session %s with terminal %s", fields[0], fields[5], fields[6])
		}
	})
}

// large tests commands that do not fit into one message.
func (s *suite) large(t *testing.T) {
	b := s.start(t)
	path := "PATH=/usr/bin:/bin"
	word := strings.Repeat("x", 100_000)
	t.Run("argument", func(t *testing.T) {
		b := b.in(t)
		r := b.run(runtime.Command{Argv: []string{"sh", "-c", "echo ${#1}", "sh", word}}, "")
		if r.err != nil || r.stdout != "100000\n" {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("many arguments", func(t *testing.T) {
		b := b.in(t)
		argv := append([]string{"sh", "-c", "echo $#", "sh"}, slices.Repeat([]string{"an argument"}, 20_000)...)
		if r := b.run(runtime.Command{Argv: argv}, ""); r.err != nil || r.stdout != "20000\n" {
			t.Errorf("got %d bytes, %v", len(r.stdout), r.err)
		}
	})
	t.Run("environment", func(t *testing.T) {
		b := b.in(t)
		env := []string{path}
		for i := range 12 {
			env = append(env, fmt.Sprintf("V%d=%s", i, word))
		}
		if r := b.run(runtime.Command{Argv: []string{"sh", "-c", "echo ${#V11}"}, Env: env}, ""); r.err != nil || r.stdout != "100000\n" {
			t.Errorf("got %+v", r.err)
		}
	})
	for _, c := range []struct {
		name  string
		words int
	}{{"over the kernel's limit", 70}, {"far over it", 200}} {
		t.Run(c.name, func(t *testing.T) {
			b := b.in(t)
			argv := append([]string{"true"}, slices.Repeat([]string{word}, c.words)...)
			if err := b.try(argv); !errors.Is(err, syscall.E2BIG) {
				t.Errorf("got %v, want E2BIG", err)
			}
			b.out("true") // the sandbox lives
		})
	}
	t.Run("too many arguments", func(t *testing.T) {
		b := b.in(t)
		argv := append([]string{"true"}, slices.Repeat([]string{""}, 1<<20)...)
		if err := b.try(argv); !errors.Is(err, syscall.E2BIG) {
			t.Errorf("got %v, want E2BIG", err)
		}
		b.out("true")
	})
}

// try runs a command and returns what Start or Wait says of it.
func (b *box) try(argv []string) error {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	p, err := b.Start(runtime.Command{Argv: argv, Dir: target, Env: []string{"PATH=/usr/bin:/bin"}, Stdin: null, Stdout: null, Stderr: null})
	if err != nil {
		return err
	}
	_, err = p.Wait(context.Background())
	return err
}
