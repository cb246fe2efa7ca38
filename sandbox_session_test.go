// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox"
)

// forEachShell runs a test in a session of each shell.
func forEachShell(t *testing.T, test func(t *testing.T, s *sandbox.Session)) {
	dir := project(t, sample)
	for _, shell := range []string{"/bin/bash", "/bin/dash", "/bin/sh", "/tmp/ash"} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			sb := start(t, dir, everything)
			if shell == "/tmp/ash" {
				require(t, "busybox")
				must(t, sb, "ln -s $(command -v busybox) "+shell)
			}
			test(t, session(t, sb, sandbox.WithShell(shell)))
		})
	}
}

func session(t testing.TB, sb *sandbox.Sandbox, opts ...sandbox.SessionOption) *sandbox.Session {
	t.Helper()
	s, err := sb.Session(t.Context(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// say runs a command in a session and fails the test if it cannot.
func say(t testing.TB, s *sandbox.Session, command string, opts ...sandbox.RunOption) *sandbox.ExecResult {
	t.Helper()
	r, err := s.Exec(t.Context(), command, opts...)
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return r
}

// The commands of a list are run one after the other; what each gives must be
// as it is written.
func TestSession(t *testing.T) {
	t.Parallel()
	type step struct {
		command, stdout, stderr string // stderr: a part of it, "" for none
		code                    int
	}
	for name, steps := range map[string][]step{
		"cd":                   {{"cd /usr", "", "", 0}, {"pwd", "/usr\n", "", 0}, {"cd nowhere", "", "nowhere", -1}, {"pwd", "/usr\n", "", 0}},
		"export":               {{"export A='x  y'", "", "", 0}, {`sh -c 'echo "$A"'`, "x  y\n", "", 0}},
		"a variable":           {{"a=1", "", "", 0}, {"echo $((a + 1))", "2\n", "", 0}},
		"functions":            {{"f() { echo \"f $1\"\n}", "", "", 0}, {"f x", "f x\n", "", 0}},
		"an alias":             {{"alias hi='echo hello'", "", "", 0}},
		"a here-document":      {{"cat <<END\n$((1+1)) 'x'\nEND", "2 'x'\n", "", 0}, {"cat <<'END'\n$x `y`\nEND\n", "$x `y`\n", "", 0}},
		"one that never ends":  {{"cat <<END\nx\n", "x\n", "*", -1}, {"echo on", "on\n", "", 0}},
		"many lines":           {{"for i in 1 2\ndo\n  echo $i\ndone\n\nif true; then echo yes; fi", "1\n2\nyes\n", "", 0}},
		"nothing":              {{"", "", "", 0}, {"  \n", "", "", 0}, {"# a comment", "", "", 0}, {"true # one", "", "", 0}},
		"quotes":               {{`echo "a'b" 'c"d' \'`, "a'b c\"d '\n", "", 0}, {"echo 'it'\\''s'", "it's\n", "", 0}},
		"set -u":               {{"set -u", "", "", 0}, {"echo $nope; echo not this", "", "nope", -1}, {"echo on", "on\n", "", 0}},
		"a missing variable":   {{"echo ${nope:?is missing}", "", "is missing", -1}, {"echo on", "on\n", "", 0}},
		"exec 2>&1":            {{"exec 2>&1", "", "", 0}, {"echo err >&2", "err\n", "", 0}},
		"exec to a file":       {{"exec 3>&1 >/tmp/f", "", "", 0}, {"echo x", "", "", 0}, {"exec >&3; cat /tmp/f", "x\n", "", 0}},
		"a trap":               {{"trap 'echo trapped' USR1", "", "", 0}, {"kill -USR1 $$", "trapped\n", "", 0}},
		"a syntax error":       {{"if", "", "yntax", -1}, {"echo )", "", "yntax", -1}, {"echo on", "on\n", "", 0}},
		"an unterminated one":  {{`echo "abc`, "", "nterminated*", -1}, {"echo 'abc", "", "*", -1}, {"echo `abc", "", "*", -1}, {"echo $(abc", "", "*", -1}, {"echo on", "on\n", "", 0}},
		"the last status":      {{"false", "", "", 1}, {"echo $?", "1\n", "", 0}, {"sh -c 'exit 7'", "", "", 7}, {"echo $?", "7\n", "", 0}, {"echo $?", "0\n", "", 0}},
		"not found":            {{"no-such-program", "", "not found", 127}, {"echo on", "on\n", "", 0}},
		"reading stdin":        {{"cat", "", "", 0}, {"read x; echo $?", "1\n", "", 0}, {"sh -c 'cat; echo done'", "done\n", "", 0}},
		"binary output":        {{`printf '\377\000\001'`, "\xff\x00\x01", "", 0}},
		"no newline":           {{"printf x", "x", "", 0}, {"printf y >&2; printf z", "z", "y", 0}},
		"the session's marker": {{"echo '2 0'; echo '3 0 bash' >&2; (echo '9 9' >&8) 2>/dev/null; true", "2 0\n", "3 0 bash", 0}, {"echo on", "on\n", "", 0}},
		"prompts":              {{"PS1='prompt> ' PS2='more> ' PROMPT_COMMAND='echo prompting'", "", "", 0}, {"echo on", "on\n", "", 0}},
		"the locale":           {{"echo $LANG; printf %s é | wc -m", "C.UTF-8\n1\n", "", 0}},
		"umask":                {{"umask 077", "", "", 0}, {"touch /workspace/private; stat -c %a /workspace/private", "600\n", "", 0}},
		"arguments":            {{"set -- a 'b c'", "", "", 0}, {`echo "$#"`, "2\n", "", 0}},
		"return outside":       {{"f() { return 4; }; f", "", "", 4}},
		"stdin from a file":    {{"echo line > /tmp/in", "", "", 0}, {"read x < /tmp/in; echo $x", "line\n", "", 0}},
		"source":               {{"echo 'sourced=yes' > /tmp/s", "", "", 0}, {"source /tmp/s", "", "", 0}, {"echo $sourced", "yes\n", "", 0}},
		"an error in a subshell": {
			{"set -u; readonly r=1; IFS=-/0123456789; readonly IFS; read() { :; }", "", "", 0},
			{"(echo $nope; echo not this); echo $?x; echo on >&2", "*", "on", 0},
			{"(r=2) || echo caught", "caught\n", "r", 0},
			{"x=$(r=2; echo not this); echo \"x$x\"", "x\n", "r", -1},
			{"(trap 'echo trapped' EXIT; echo ${nope:?is missing})", "trapped\n", "is missing", -1},
			{"(r=2) & wait; set -x", "", "r", 0},
			{"(echo $nope)", "", "nope", -1},
			{"set +x", "", "*", 0},
			{"echo on", "on\n", "", 0},
			{"echo on; (exit 3)", "on\n", "", 3},
		},
		"its own descriptor": {{"ls /proc/self/fd | tr '\\n' ' '", "*", "", 0}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			forEachShell(t, func(t *testing.T, s *sandbox.Session) {
				for _, st := range steps {
					r := say(t, s, st.command)
					if r.Stdout != st.stdout && st.stdout != "*" {
						t.Errorf("%q: got stdout %q, want %q", st.command, r.Stdout, st.stdout)
					}
					switch want := strings.TrimSuffix(st.stderr, "*"); {
					case st.stderr == "" && r.Stderr != "", st.stderr[len(want):] == "" && !strings.Contains(r.Stderr, want):
						t.Errorf("%q: got stderr %q, want %q", st.command, r.Stderr, st.stderr)
					}
					if st.code >= 0 && r.ExitCode != st.code {
						t.Errorf("%q: got exit code %d, want %d", st.command, r.ExitCode, st.code)
					}
					if r.SessionEnded {
						t.Fatalf("%q ended the session", st.command)
					}
				}
			})
		})
	}
}

// What ends a shell ends the session, with the shell's exit code.
func TestSessionEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		commands []string
		code     int
		signal   string
		stdout   string
	}{
		"exit":        {[]string{"echo bye; exit 3"}, 3, "", "bye\n"},
		"kill":        {[]string{"kill -9 $$"}, 137, "SIGKILL", ""},
		"set -e":      {[]string{"set -e", "true", "false; echo not this"}, 1, "", ""},
		"exec":        {[]string{"exec sh -c 'echo instead; exit 4'"}, 4, "", "instead\n"},
		"a trap":      {[]string{"trap 'echo trapped' EXIT", "exit 5"}, 5, "", "trapped\n"},
		"a job stays": {[]string{"sleep 1000 & setsid sleep 1000 & true", "exit 6"}, 6, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			forEachShell(t, func(t *testing.T, s *sandbox.Session) {
				last := len(c.commands) - 1
				for _, command := range c.commands[:last] {
					if r := say(t, s, command); r.SessionEnded {
						t.Fatalf("%q ended the session: %+v", command, r)
					}
				}
				r := say(t, s, c.commands[last])
				if !r.SessionEnded || r.ExitCode != c.code || r.Signal != c.signal || r.Stdout != c.stdout {
					t.Errorf("got %+v", r)
				}
				if _, err := s.Exec(t.Context(), "true"); !errors.Is(err, sandbox.ErrSessionClosed) {
					t.Errorf("a command after the end: got %v", err)
				}
				if info := sessionInfo(t, s); info.Status != sandbox.SessionClosed || info.ExitCode != c.code || info.Closed.IsZero() {
					t.Errorf("got %+v", info)
				}
			})
		})
	}
}

// A timeout ends the command, with nothing of what follows in it, and leaves
// the shell as it was.
func TestSessionTimeout(t *testing.T) {
	t.Parallel()
	for name, command := range map[string]string{
		"a program":             "sleep 1000; echo more; touch /tmp/more",
		"one of many":           "sleep 1000 && echo more || touch /tmp/more",
		"a loop":                "while :; do :; done; touch /tmp/more",
		"a loop of programs":    "until false; do sleep 0.01; done; touch /tmp/more",
		"a function":            "f() { g; touch /tmp/more; }; g() { while :; do sleep 0.01; done; }; f; touch /tmp/more",
		"a substitution":        "x=$(sleep 1000); touch /tmp/more",
		"a pipe":                "sleep 1000 | sleep 1000; touch /tmp/more",
		"a subshell":            "(sleep 1000; touch /tmp/more); touch /tmp/more",
		"SIGINT ignored":        "sh -c 'trap \"\" INT TERM HUP; sleep 1000; touch /tmp/more'; touch /tmp/more",
		"ignored by the shell":  "trap '' INT TERM HUP; sleep 1000; touch /tmp/more",
		"a trap of its own":     "trap 'touch /tmp/more' INT; while :; do sleep 0.01; done; touch /tmp/more",
		"a daemon":              "setsid sh -c 'sleep 1000; touch /tmp/more' & sleep 1000; touch /tmp/more",
		"a job of its own":      "nohup sleep 1000 >/dev/null & wait; touch /tmp/more",
		"a double fork":         "(setsid sh -c '(sleep 1000; touch /tmp/more) &' &); sleep 1000",
		"a program that spawns": "sh -c 'while :; do sleep 0.001 & wait; done'; touch /tmp/more",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			forEachShell(t, func(t *testing.T, s *sandbox.Session) {
				say(t, s, "cd /usr; a='x y'; f1() { echo \"$a\"; }; export E=e; sleep 1234 & job=$!")
				var r *sandbox.ExecResult
				var err error
				untilBegun(t, 500*time.Millisecond, func(limit time.Duration) bool {
					r, err = s.Exec(t.Context(), "echo begun; "+begun+command, sandbox.WithTimeout(limit))
					return say(t, s, "test -e /tmp/begun").ExitCode == 0
				})
				if !errors.Is(err, sandbox.ErrCommandTimeout) || !errors.Is(err, context.DeadlineExceeded) {
					t.Fatalf("got %v", err)
				}
				// bash may end the line once more itself when SIGINT ends what it has just started.
				if r == nil || !r.TimedOut || r.Stdout != "begun\n" && (r.Stdout != "begun\n\n" || sessionInfo(t, s).Shell != "/bin/bash") || r.SessionEnded || r.ExitCode != 130 {
					t.Fatalf("got %+v", r)
				}
				if r := say(t, s, "pwd; f1; sh -c 'echo $E'; kill -0 $job && echo alive; ls /tmp/more"); r.Stdout != "/usr\nx y\ne\nalive\n" {
					t.Errorf("the session is not what it was: %+v", r)
				}
				if r := say(t, s, "kill $job; ps -eo pid,ppid,stat,args | grep '[s]leep 1000'"); r.Stdout != "" {
					t.Errorf("something is left: %+v", r)
				}
			})
		})
	}
}

// A timeout at the very moment at which the command ends, or begins, leaves
// the shell as it was, too.
func TestSessionTimeoutAtTheEnds(t *testing.T) {
	t.Parallel()
	forEachShell(t, func(t *testing.T, s *sandbox.Session) {
		say(t, s, "a=kept; f() { echo $a; }")
		for i := range 100 {
			command, limit := "sleep 0.02", 20*time.Millisecond+time.Duration(i%50)*50*time.Microsecond
			if i >= 80 {
				command, limit = "sleep 1000", time.Duration(1+(i-80)*(i-80))*time.Microsecond
			}
			if r, err := s.Exec(t.Context(), command, sandbox.WithTimeout(limit)); err != nil && !errors.Is(err, sandbox.ErrCommandTimeout) || r == nil || r.TimedOut != (err != nil) {
				t.Fatalf("%v of %s: got %+v, %v", limit, command, r, err)
			}
			if r := say(t, s, "f; echo err >&2"); r.Stdout != "kept\n" || r.Stderr != "err\n" {
				t.Fatalf("after %v of %s: got %+v", limit, command, r)
			}
		}
	})
}

// What a shell has is there after an interrupt, and after another.
func TestSessionTimeoutKeeps(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ set, get, want, only string }{
		"descriptors":           {"exec 3>/tmp/3 4>/tmp/4 5>/tmp/5 9>/tmp/9", "echo x >&3; echo x >&4; echo x >&5; echo x >&9; cat /tmp/3 /tmp/4 /tmp/5 /tmp/9 | wc -l", "4\n", ""},
		"arguments":             {`set -- 'a  b' "c'd" ''`, `echo $#; echo "$1$2$3"`, "3\na  bc'd\n", ""},
		"no globbing":           {"set -f", "echo /et[c]", "/et[c]\n", ""},
		"IFS":                   {"IFS=-/x", "a=a-b/cxd; echo $a", "a b c d\n", ""},
		"quotes and newlines":   {"a=\"x'\n\\\"\"", "echo \"$a\"", "x'\n\"\n", ""},
		"a large variable":      {"a=$(head -c 1000000 /dev/zero | tr '\\0' x)", "echo ${#a}", "1000000\n", ""},
		"an undefined variable": {"set -u", "(echo $nope) 2>/dev/null || echo missing", "missing\n", ""},
		"arrays":                {"a=(1 '2 3'); declare -A b=(['x y']=$'1\\n2'); declare -i n=4; readonly r=5", `echo "${a[1]}${b[x y]}"; n=n+1; echo $n; echo $r`, "2 31\n2\n5\n5\n", "/bin/bash"},
		"a readonly variable":   {"readonly r=5", "(r=6) 2>/dev/null || echo $r", "5\n", ""},
		"an exported function":  {"f() { echo f; }; export -f f", "bash -c f", "f\n", "/bin/bash"},
		"extended patterns":     {"shopt -s extglob\nf() { case $1 in !(a|b)) echo other;; esac; }", "f c", "other\n", "/bin/bash"},
		"set -e":                {"set -e", "case $- in *e*) echo yes; esac", "yes\n", "/bin/bash"},
		"GLOBIGNORE":            {"GLOBIGNORE='*'", "echo /et[c]", "/et[c]\n", "/bin/bash"},
		"what takes its time":   {`a=kept; set -T; trap '[[ $BASH_SUBSHELL = 0 || n++ -eq 0 || -e /tmp/slept ]] || { : >/tmp/slept; sleep 2; }' DEBUG`, "ls /tmp/slept; echo $a", "/tmp/slept\nkept\n", "/bin/bash"},
		"aliases and functions": {"alias exec=false command=false trap=false; declare() { :; }", "echo on", "on\n", "/bin/bash"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			forEachShell(t, func(t *testing.T, s *sandbox.Session) {
				if c.only != "" && c.only != sessionInfo(t, s).Shell {
					return
				}
				say(t, s, c.set)
				for range 2 {
					untilBegun(t, 200*time.Millisecond, func(limit time.Duration) bool {
						if r, err := s.Exec(t.Context(), begun+"sleep 1000", sandbox.WithTimeout(limit)); !errors.Is(err, sandbox.ErrCommandTimeout) || r.SessionEnded {
							t.Fatalf("got %+v, %v", r, err)
						}
						return say(t, s, "if test -e /tmp/begun; then rm /tmp/begun; echo yes; fi").Stdout == "yes\n"
					})
				}
				if r := say(t, s, c.get); r.Stdout != c.want && c.want != "*" || r.SessionEnded {
					t.Errorf("got %+v", r)
				}
			})
		})
	}
}

// A job stays when the process that has started it ends while another command
// runs, and that is interrupted.
func TestSessionTimeoutKeepsOrphans(t *testing.T) {
	t.Parallel()
	forEachShell(t, func(t *testing.T, s *sandbox.Session) {
		say(t, s, "sh -c 'sleep 3210 & echo $! > /tmp/orphan; while [ ! -e /tmp/go ]; do sleep 0.01; done' & while [ ! -s /tmp/orphan ]; do sleep 0.01; done; job=$(cat /tmp/orphan)")
		if _, err := s.Exec(t.Context(), "touch /tmp/go; wait; sleep 1000", sandbox.WithTimeout(500*time.Millisecond)); !errors.Is(err, sandbox.ErrCommandTimeout) {
			t.Fatalf("got %v", err)
		}
		if r := say(t, s, "kill -0 $job && echo alive; kill $job"); r.Stdout != "alive\n" {
			t.Errorf("got %+v", r)
		}
	})
}

// A command that bash has not begun to read at its timeout is not run when bash has made
// itself anew, which would have to be waited for.
func TestSessionTimeoutUnread(t *testing.T) {
	t.Parallel()
	s := session(t, start(t, project(t, sample)), sandbox.WithShell("/bin/bash"))
	say(t, s, "a=kept; f() { echo $a; }")
	for i := range 100 {
		limit, began := time.Duration(i%20*(i%20))*time.Microsecond+1, time.Now()
		if _, err := s.Exec(t.Context(), "sleep 1000\nsleep 1000", sandbox.WithTimeout(limit)); !errors.Is(err, sandbox.ErrCommandTimeout) {
			t.Fatalf("got %v", err)
		}
		if took := time.Since(began); took > 18*time.Second { // a shell has 20 s to begin
			t.Fatalf("%v took %v", limit, took)
		}
		if r := say(t, s, "f; echo err >&2"); r.Stdout != "kept\n" || r.Stderr != "err\n" {
			t.Fatalf("after %v: got %+v", limit, r)
		}
	}
}

// A command that says again and again, as only the shell does, that the shell makes
// itself anew is ended all the same.
func TestSessionTimeoutOfALiar(t *testing.T) {
	t.Parallel()
	forEachShell(t, func(t *testing.T, s *sandbox.Session) {
		const liar = "trap '' INT PWR; while :; do for f in 8 10 11; do { echo back >/proc/$$/fd/$f; } 2>/dev/null; done; sleep 0.1; done"
		over := make(chan error, 1)
		go func() {
			_, err := s.Exec(t.Context(), liar, sandbox.WithTimeout(500*time.Millisecond))
			over <- err
		}()
		select {
		case err := <-over:
			wantError(t, err, sandbox.ErrCommandTimeout)
		case <-time.After(time.Minute):
			t.Error("it is never over")
		}
	})
}

func TestSessionCancelled(t *testing.T) {
	t.Parallel()
	forEachShell(t, func(t *testing.T, s *sandbox.Session) {
		ctx, cancel := context.WithCancel(t.Context())
		word := "cancelled-" + rand.Text()
		go func() {
			for len(marked(word)) == 0 && ctx.Err() == nil { // it comes after the output
				time.Sleep(time.Millisecond)
			}
			cancel()
		}()
		if r, err := s.Exec(ctx, "echo begun; sh -c 'sleep 1000; : "+word+"'; true"); !errors.Is(err, context.Canceled) || r.Stdout != "begun\n" || r.TimedOut {
			t.Errorf("got %+v, %v", r, err)
		}
		if r := say(t, s, "echo on"); r.Stdout != "on\n" || r.Stderr != "" {
			t.Errorf("got %+v", r)
		}
	})
}

func TestSessionLargeOutput(t *testing.T) {
	t.Parallel()
	sb := start(t, project(t, sample), sandbox.WithOutputLimit(-1))
	s := session(t, sb)
	r := say(t, s, "head -c 52428800 /dev/zero | tr '\\0' x; echo end >&2")
	if len(r.Stdout) != 50<<20 || r.Stderr != "end\n" || r.StdoutTruncated {
		t.Errorf("got %d bytes, stderr %q", len(r.Stdout), r.Stderr)
	}
	capped := session(t, start(t, project(t, sample), sandbox.WithOutputLimit(1000)))
	if r := say(t, capped, "yes | head -c 1000000"); len(r.Stdout) != 1000 || !r.StdoutTruncated {
		t.Errorf("got %d bytes, %+v", len(r.Stdout), r.StdoutTruncated)
	}
	if r := say(t, capped, "echo x"); r.Stdout != "x\n" || r.StdoutTruncated {
		t.Errorf("got %+v", r)
	}
}

func TestSessionLargeCommand(t *testing.T) {
	t.Parallel()
	forEachShell(t, func(t *testing.T, s *sandbox.Session) {
		word := strings.Repeat("a'b\n", 50<<10)
		r := say(t, s, "printf %s '"+strings.ReplaceAll(word, "'", `'\''`)+"' | wc -c")
		if strings.TrimSpace(r.Stdout) != fmt.Sprint(len(word)) {
			t.Errorf("got %+v", r)
		}
	})
}

// A subshell that fails takes nothing of the script from the shell, wherever
// the shell has stopped reading.
func TestSessionSubshellFails(t *testing.T) {
	t.Parallel()
	forEachShell(t, func(t *testing.T, s *sandbox.Session) {
		say(t, s, "set -u")
		for n := 700; n < 1100; n += 3 {
			if r := say(t, s, "(echo $nope) || : "+strings.Repeat("x", n), sandbox.WithTimeout(patience)); r.Stdout != "" || r.ExitCode != 0 {
				t.Fatalf("after %d: got %+v", n, r)
			}
			if r := say(t, s, "echo $?"); r.Stdout != "0\n" {
				t.Fatalf("after %d: got %+v", n, r)
			}
		}
	})
}

// In shells that cannot be interrupted a timeout ends the session, and runs
// nothing of what follows either.
func TestSessionRigidShells(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"ksh93", "mksh", "yash"} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			require(t, shell)
			sb := start(t, project(t, sample), everything)
			s := session(t, sb, sandbox.WithShell(shell))
			say(t, s, "cd /usr; a='x y'; f() { echo \"$a\"; }; export E=e; sleep 1234 & job=$!")
			if r := say(t, s, "pwd; f; sh -c 'echo $E'; kill $job"); r.Stdout != "/usr\nx y\ne\n" {
				t.Errorf("got %+v", r)
			}
			if r := say(t, s, "sh -c 'kill -9 $$'"); r.ExitCode != 137 || r.SessionEnded {
				t.Errorf("got %+v", r)
			}
			r, err := s.Exec(t.Context(), "f() { (sleep 1000; touch /tmp/more); touch /tmp/more; }; f; touch /tmp/more", sandbox.WithTimeout(300*time.Millisecond))
			// One that is given time to come back has 5 s.
			if !errors.Is(err, sandbox.ErrCommandTimeout) || r == nil || !r.SessionEnded || r.Duration > 5*time.Second {
				t.Errorf("got %+v, %v", r, err)
			}
			mustNot(t, sb, "test -e /tmp/more")
		})
	}
}

// What jobs print while no command runs belongs to the next one.
func TestSessionBackground(t *testing.T) {
	t.Parallel()
	forEachShell(t, func(t *testing.T, s *sandbox.Session) {
		if r := say(t, s, "(while [ ! -e /tmp/go ]; do sleep 0.01; done; echo late; touch /tmp/said; sleep 1000) & echo now"); r.Stdout != "now\n" || r.Stderr != "" {
			t.Errorf("got %+v", r)
		}
		if r := say(t, s, "touch /tmp/go; while [ ! -e /tmp/said ]; do sleep 0.01; done; rm /tmp/go /tmp/said"); r.Stdout != "late\n" {
			t.Errorf("got %+v", r)
		}
		if r := say(t, s, "echo on"); r.Stdout != "on\n" {
			t.Errorf("got %+v", r)
		}
	})
}

// A job that prints without end neither blocks nor mixes up anything.
func TestSessionNoisyJob(t *testing.T) {
	t.Parallel()
	forEachShell(t, func(t *testing.T, s *sandbox.Session) {
		say(t, s, "yes noise & job=$!")
		for range 5 {
			if r := say(t, s, "echo on >&2"); r.Stderr != "on\n" {
				t.Errorf("got %q", r.Stderr)
			}
		}
		say(t, s, "kill $job")
	})
}

// waiting counts the goroutines that are at a select of a function.
func waiting(function string) (n int) {
	stacks := make([]byte, 16<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for stack := range strings.SplitSeq(string(stacks), "\n\n") {
		head, calls, _ := strings.Cut(stack, "\n")
		if call, _, _ := strings.Cut(calls, "\n"); strings.Contains(head, " [select") && strings.Contains(call, function) {
			n++
		}
	}
	return n
}

func TestSessionOrder(t *testing.T) {
	sb := start(t, project(t, sample))
	s := session(t, sb)
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			say(t, s, fmt.Sprintf("echo %d >> /tmp/order; until test -e /tmp/all; do sleep 0.01; done; echo %d >> /tmp/order", i, i))
		})
		if i > 0 {
			eventually(t, "another one waits", func() bool { return waiting("(*residentSession).exec(") == i })
			continue
		}
		eventually(t, "the first one runs", func() bool { return must(t, sb, "cat /tmp/order 2>/dev/null || true") != "" })
	}
	must(t, sb, "touch /tmp/all")
	wg.Wait()
	var want bytes.Buffer
	for i := range 10 {
		fmt.Fprintf(&want, "%d\n%d\n", i, i)
	}
	if r := say(t, s, "cat /tmp/order"); r.Stdout != want.String() {
		t.Errorf("got %q", r.Stdout)
	}
}

func TestSessionOptions(t *testing.T) {
	t.Parallel()
	sb := start(t, project(t, sample), everything)
	s := session(t, sb, sandbox.WithSessionEnv(map[string]string{"A": "b"}), sandbox.WithSessionDir("src"))
	if r := say(t, s, `echo "$A"; pwd; echo "$0"; env | grep -c SANDBOX`); r.Stdout != "b\n/workspace/src\n"+"bash\n0\n" {
		t.Errorf("got %+v", r)
	}
	for _, opt := range []sandbox.RunOption{sandbox.WithEnv(map[string]string{"A": "b"}), sandbox.WithDir("/"), sandbox.WithStdin(strings.NewReader("x"))} {
		if _, err := s.Exec(t.Context(), "true", opt); !errors.Is(err, sandbox.ErrInvalid) {
			t.Errorf("got %v", err)
		}
	}
	if _, err := s.Exec(t.Context(), "a\x00b"); !errors.Is(err, sandbox.ErrInvalid) {
		t.Errorf("got %v", err)
	}
	var failed *sandbox.CommandError
	if _, err := s.Exec(t.Context(), "false", sandbox.WithCheck()); !errors.As(err, &failed) {
		t.Errorf("got %v", err)
	}
	// zsh says that it has no "command eval".
	must(t, sb, `printf '#!/bin/sh\ncommand() { case $1 in eval) return 127; esac; "$@"; }\n. "$1"\n' > no-eval; chmod +x no-eval`)
	for _, c := range []struct {
		opt  sandbox.SessionOption
		want error
	}{
		{sandbox.WithShell("/bin/no-such-shell"), sandbox.ErrInvalid},
		{sandbox.WithShell("/etc/passwd"), sandbox.ErrInvalid},
		{sandbox.WithShell("/bin/true"), sandbox.ErrInvalid},
		{sandbox.WithShell("a\x00b"), sandbox.ErrInvalid},
		{sandbox.WithSessionDir("/no/such/dir"), fs.ErrNotExist},
		{sandbox.WithShell("/workspace/no-eval"), sandbox.ErrInvalid},
	} {
		s, err := sb.Session(t.Context(), c.opt)
		if wantError(t, err, c.want); err == nil {
			_ = s.Close()
		}
	}
}

func TestSessionsAreFound(t *testing.T) {
	t.Parallel()
	sb := start(t, project(t, sample))
	s := session(t, sb)
	say(t, s, "a=kept")
	again, err := sandbox.Connect(t.Context(), sb.ID())
	if err != nil {
		t.Fatal(err)
	}
	if list, err := again.ListSessions(t.Context()); err != nil || len(list) != 1 || list[0].ID != s.ID() || list[0].Status != sandbox.SessionActive || list[0].SandboxID != sb.ID() {
		t.Errorf("got %+v", list)
	}
	found, err := again.ConnectSession(t.Context(), s.ID())
	if err != nil {
		t.Fatal(err)
	}
	if r := say(t, found, "echo $a"); r.Stdout != "kept\n" {
		t.Errorf("got %+v", r)
	}
	if _, err := again.ConnectSession(t.Context(), "ses_0"); !errors.Is(err, sandbox.ErrSessionNotFound) {
		t.Errorf("got %v", err)
	}
	if _, err := sandbox.Connect(t.Context(), "sb_0"); !errors.Is(err, sandbox.ErrSandboxNotFound) {
		t.Errorf("got %v", err)
	}
	if err := sb.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Exec(t.Context(), "true"); !errors.Is(err, sandbox.ErrSessionClosed) {
		t.Errorf("after Stop: got %v", err)
	}
	if _, err := sb.Session(t.Context()); !errors.Is(err, sandbox.ErrSandboxNotRunning) {
		t.Errorf("got %v", err)
	}
}

func TestSessionCloseEndsAll(t *testing.T) {
	t.Parallel()
	forEachShell(t, func(t *testing.T, s *sandbox.Session) {
		say(t, s, "sleep 2345 & setsid nohup sleep 2345 >/dev/null 2>&1 & (setsid sh -c 'sleep 2345 &' &)")
		busy := make(chan error, 1)
		go func() {
			_, err := s.Exec(t.Context(), "sleep 2345")
			busy <- err
		}()
		time.Sleep(100 * time.Millisecond)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		<-busy
	})
}

func TestSessionThousandCommands(t *testing.T) {
	t.Parallel()
	s := session(t, start(t, project(t, sample)))
	say(t, s, "n=0; count() { set -- /proc/$$/fd/* /proc/[0-9]*; echo $#; }")
	for range 1000 {
		say(t, s, "n=$((n + 1)); : $(ls)")
	}
	// A shell with its four files, the session's two, and the init: what a leak
	// of any kind would have made a thousand.
	if r := say(t, s, "echo $n; test $(count) -le 15 || count"); r.Stdout != "1000\n" {
		t.Errorf("got %q", r.Stdout)
	}
}

func TestManySessions(t *testing.T) {
	t.Parallel()
	sb := start(t, project(t, sample))
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			s, err := sb.Session(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			for j := range 20 {
				r, err := s.Exec(t.Context(), fmt.Sprintf("x=$((x + 1)); echo %d $x", i))
				if err != nil || r.Stdout != fmt.Sprintf("%d %d\n", i, j+1) {
					t.Errorf("got %+v, %v", r, err)
					return
				}
			}
		})
	}
	wg.Wait()
	eventually(t, "the first of the closed sessions are forgotten", func() bool {
		list, err := sb.ListSessions(t.Context())
		return err == nil && len(list) <= 64
	})
}

func TestSessionStream(t *testing.T) {
	t.Parallel()
	s := session(t, start(t, project(t, sample)))
	var out, errs strings.Builder
	var last sandbox.ExecOutput
	for o, err := range s.ExecStream(t.Context(), "for i in 1 2 3; do echo $i; echo e$i >&2; done; exit_code() { return 2; }; exit_code") {
		if err != nil {
			t.Fatal(err)
		}
		switch o.Stream {
		case sandbox.Stdout:
			out.Write(o.Data)
		case sandbox.Stderr:
			errs.Write(o.Data)
		}
		last = o
	}
	if out.String() != "1\n2\n3\n" || errs.String() != "e1\ne2\ne3\n" || last.Result == nil || last.Result.ExitCode != 2 {
		t.Errorf("got %q, %q, %+v", out.String(), errs.String(), last.Result)
	}
	for range s.ExecStream(t.Context(), "yes") {
		break // interrupts it
	}
	if r := say(t, s, "echo on"); r.Stdout != "on\n" {
		t.Errorf("got %+v", r)
	}
	// Whoever takes the output may close the session.
	for o, err := range s.ExecStream(t.Context(), "yes") {
		if o.Data == nil {
			if o.Result == nil || !o.Result.SessionEnded {
				t.Errorf("got %+v, %v", o.Result, err)
			}
			continue
		}
		check(t, s.Close())
		if info := sessionInfo(t, s); info.Status != sandbox.SessionClosed || info.ExitCode != 137 {
			t.Errorf("got %+v", info)
		}
	}
}

func TestSessionVirtualenv(t *testing.T) {
	t.Parallel()
	forEachShell(t, func(t *testing.T, s *sandbox.Session) {
		dir := "/tmp/venv" + strings.ReplaceAll(sessionInfo(t, s).Shell, "/", "-")
		say(t, s, "python3 -m venv --without-pip "+dir, sandbox.WithCheck())
		say(t, s, "source "+dir+"/bin/activate", sandbox.WithCheck())
		if r := say(t, s, "command -v python; python -c 'import sys; print(sys.prefix)'"); r.Stdout != dir+"/bin/python\n"+dir+"\n" || r.Stderr != "" {
			t.Errorf("got %+v", r)
		}
		say(t, s, "deactivate", sandbox.WithCheck())
		if r := say(t, s, "command -v python3"); r.Stdout != "/usr/bin/python3\n" {
			t.Errorf("got %+v", r)
		}
	})
}
