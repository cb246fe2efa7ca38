// SPDX-License-Identifier: MIT

//go:build linux

package main

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// terminal is a program at a terminal, with a person before it.
type terminal struct {
	t    *testing.T
	cmd  *exec.Cmd
	file *os.File // the person's end
	out  string
	seen int // of out
}

// at starts a program at a terminal of 40 rows of 100 columns.
func at(t *testing.T, cmd *exec.Cmd, env ...string) *terminal {
	t.Helper()
	cmd.Env = append(append(cmd.Env, "TERM=xterm-test"), env...)
	f, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: 100})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return &terminal{t: t, cmd: cmd, file: f}
}

// sees waits until a text is shown, after what was seen before.
func (p *terminal) sees(text string) {
	p.t.Helper()
	buf := make([]byte, 4096)
	for !strings.Contains(p.out[p.seen:], text) {
		n, err := p.file.Read(buf)
		p.out += string(buf[:n])
		if err != nil {
			p.t.Fatalf("%q never came, %v after %q", text, err, p.out)
		}
	}
	p.seen += strings.Index(p.out[p.seen:], text) + len(text)
}

func (p *terminal) types(keys string) {
	p.t.Helper()
	if _, err := p.file.WriteString(keys); err != nil {
		p.t.Fatal(err)
	}
}

// ends waits for the program and returns its exit code. What it shows last is
// taken meanwhile.
func (p *terminal) ends() int {
	p.t.Helper()
	buf := make([]byte, 4096)
	for {
		n, err := p.file.Read(buf)
		p.out += string(buf[:n])
		if err != nil { // EIO: nobody has the other end any more
			break
		}
	}
	return exitOf(p.t, p.cmd.Wait())
}

func TestShell(t *testing.T) {
	require(t)
	t.Parallel()
	p := at(t, program(t, "shell", "project"))
	before, err := unix.IoctlGetTermios(int(p.file.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	p.sees("(sandbox) ")
	p.types("cat README.md; ls .env\r")
	p.sees("# Sample\r\n")
	p.sees("No such file or directory")

	p.types("tty && test -t 0 && test -t 1 && echo is-$((1+1)) $TERM\r")
	p.sees("is-2 xterm-test\r\n")
	p.types("stty size\r")
	p.sees("40 100\r\n")

	// The size follows.
	if err := pty.Setsize(p.file, &pty.Winsize{Rows: 20, Cols: 70}); err != nil {
		t.Fatal(err)
	}
	p.types("until [ \"$(stty size)\" = '20 70' ]; do sleep 0.01; done; echo resized-$((1+1))\r")
	p.sees("resized-2\r\n")

	// Keys mean something to the command, and nothing to this program.
	// One process that does both: a shell between two misses an interrupt.
	p.types(`perl -e '$|=1; print "sleeping-", 1+1, "\n"; sleep 1000'` + "\r")
	p.sees("sleeping-2\r\n")
	p.types("\x03")
	p.sees("(sandbox) ")
	p.types("echo alive-$((1+1))\r")
	p.sees("alive-2\r\n")
	p.types(`perl -e '$|=1; print "reading-", 1+1, "\n"; print while <>'` + "\r")
	p.sees("reading-2\r\n")
	p.types("typed\r\x04")
	p.sees("typed\r\ntyped\r\n")

	p.types("echo x > output/made; exit 7\r")
	if got := p.ends(); got != 7 {
		t.Errorf("exit code %d", got)
	}
	for _, want := range []string{"sandbox: 1 change, not kept", "added", "/output/made (2 bytes)"} {
		if !strings.Contains(p.out[p.seen:], want) {
			t.Errorf("%q is not said at the end: %q", want, p.out[p.seen:])
		}
	}
	after, err := unix.IoctlGetTermios(int(p.file.Fd()), unix.TCGETS)
	if err != nil || *after != *before {
		t.Errorf("the terminal is not as it was: %+v, %v, before %+v", after, err, before)
	}
}

// TestShellEnds ends a shell from outside.
func TestShellEnds(t *testing.T) {
	require(t)
	t.Parallel()
	t.Run("end of input", func(t *testing.T) {
		p := at(t, program(t, "shell", "project"))
		p.sees("(sandbox) ")
		p.types("\x04")
		if got := p.ends(); got != 0 {
			t.Errorf("exit code %d", got)
		}
	})
	t.Run("hangup", func(t *testing.T) {
		p := at(t, program(t, "shell", "project"))
		p.sees("(sandbox) ")
		if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Error(err)
		}
		if got := p.ends(); got != 128+1 {
			t.Errorf("exit code %d", got)
		}
	})
	t.Run("terminal gone", func(t *testing.T) {
		p := at(t, program(t, "shell", "project"))
		p.sees("(sandbox) ")
		p.file.Close()
		done := make(chan error, 1)
		go func() { done <- p.cmd.Wait() }()
		select {
		case <-done:
		case <-time.After(patience):
			t.Error("it runs on")
		}
	})
}

// TestRunAtTerminal gives a command a terminal when there is one, and says what
// was changed.
func TestRunAtTerminal(t *testing.T) {
	require(t)
	t.Parallel()
	t.Run("by itself", func(t *testing.T) {
		p := at(t, program(t, "run", "project", "--", "sh", "-c", "test -t 0 && test -t 1 && test -t 2 && stty size && echo x > output/f; exit 3"))
		p.sees("40 100\r\n")
		if got := p.ends(); got != 3 || !strings.Contains(p.out, "/output/f (2 bytes)") {
			t.Errorf("exit code %d, %q", got, p.out)
		}
	})
	t.Run("not", func(t *testing.T) {
		p := at(t, program(t, "run", "--tty=false", "--changes=false", "project", "--", "sh", "-c", "test -t 0 || test -t 1 || echo none; echo x > output/f"))
		p.sees("none\r\n")
		if got := p.ends(); got != 0 || p.out != "none\r\n" {
			t.Errorf("exit code %d, %q", got, p.out)
		}
	})
	t.Run("many changes", func(t *testing.T) {
		p := at(t, program(t, "run", "project", "--", "sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo > output/$i; done"))
		p.sees("12 changes, not kept")
		p.sees("and 2 more")
		p.ends()
	})
	t.Run("Ctrl-C without a terminal for the command", func(t *testing.T) {
		p := at(t, program(t, "run", "--tty=false", "project", "--", "sh", "-c", "trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 0.01; done"))
		p.sees("ready\r\n")
		p.types("\x03")
		p.sees("caught\r\n")
		if got := p.ends(); got != 5 {
			t.Errorf("exit code %d", got)
		}
	})
	t.Run("without one of its own", func(t *testing.T) {
		cmd := program(t, "run", "--tty", "project", "--", "sh", "-c", "tty; stty size")
		out, err := cmd.Output()
		if err != nil || string(out) != "/dev/pts/0\r\n24 80\r\n" {
			t.Errorf("got %q, %v", out, err)
		}
	})
}

// TestColours are for terminals, and for those who want them.
func TestColours(t *testing.T) {
	require(t)
	t.Parallel()
	hostile := []string{"diff", "--preset", "full-access", "project", "--", "sh", "-c", `printf '\033[2Jx\n' >> README.md; echo y > new`}
	for name, c := range map[string]struct {
		args     []string
		env      string
		has, not string
	}{
		"presets":         {[]string{"presets"}, "", "\x1b[1magent-safe", ""},
		"NO_COLOR":        {[]string{"presets"}, "NO_COLOR=1", "agent-safe", "\x1b"},
		"no capabilities": {[]string{"presets"}, "TERM=dumb", "agent-safe", "\x1b"},
		"explain":         {[]string{"explain", "project", ".env"}, "", "\x1b[31mnone", ""},
		"doctor":          {[]string{"doctor"}, "", "\x1b[32m  yes ", ""},
		"diff":            {hostile, "", "\x1b[32m+y", "\x1b[2J"},
		"diff in plain":   {hostile, "NO_COLOR=1", `+\x1b[2Jx`, "\x1b"},
		"errors":          {[]string{"run", "\x1b[2J", "--", "ls"}, "", `\x1b[2J`, "\x1b"},
		"warnings":        {[]string{"run", "--rule", "none:/output/x", "project", "--", "true"}, "", "\x1b[33msandbox: warning:\x1b[0m", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := at(t, program(t, c.args...), c.env)
			p.ends()
			if !strings.Contains(p.out, c.has) || c.not != "" && strings.Contains(p.out, c.not) {
				t.Errorf("got %q", p.out)
			}
		})
	}
}

// TestShellInKept goes on in a sandbox that is kept, and lists what was changed
// in colour.
func TestShellInKept(t *testing.T) {
	require(t)
	t.Parallel()
	make := program(t, "create", "--name", "fix", "--preset", "development", "project")
	state := "SANDBOX_STATE_DIR=" + t.TempDir()
	make.Env = append(make.Env, state)
	if out, err := make.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for range 2 {
		cmd := program(t, "shell", "fix")
		cmd.Dir = make.Dir
		p := at(t, cmd, state)
		p.sees("(sandbox) ")
		p.types("echo x >> a; wc -l a; exit\r")
		if code := p.ends(); code != 0 {
			t.Errorf("exit code %d after %q", code, p.out)
		}
		if want := "sandbox: 1 change, kept (sandbox diff fix shows them, sandbox commit fix carries them over)\r\n  \x1b[32madded   \x1b[0m  /a "; !strings.Contains(p.out, want) {
			t.Errorf("%q is not in %q", want, p.out)
		}
	}
	list := program(t, "ls")
	list.Dir = make.Dir
	p := at(t, list, state)
	p.ends()
	if !strings.HasPrefix(p.out, "\x1b[1mID ") || !strings.Contains(p.out, " fix ") {
		t.Errorf("got %q", p.out)
	}
}
