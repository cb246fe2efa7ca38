// SPDX-License-Identifier: MIT

//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long something that must come is awaited.
const patience = 2 * time.Minute

// program is this program with a command line, on the sample project. The test
// binary is the program when it is called by its name.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	dir := t.TempDir()
	if err := sample(filepath.Join(dir, "project")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "/proc/self/exe")
	cmd.Args = append([]string{"sandbox"}, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir(), "NO_COLOR=")
	return cmd
}

// exitOf is the exit code of a program that has ended.
func exitOf(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	t.Fatal(err)
	return 0
}

// TestSignals sends signals to the program when the command in it is ready.
func TestSignals(t *testing.T) {
	require(t)
	const wait = "; echo ready; while :; do sleep 0.01; done"
	for name, c := range map[string]struct {
		command string
		signals []syscall.Signal
		want    int
	}{
		"SIGTERM":  {"trap 'exit 7' TERM" + wait, []syscall.Signal{syscall.SIGTERM}, 7},
		"SIGHUP":   {"trap 'exit 8' HUP" + wait, []syscall.Signal{syscall.SIGHUP}, 8},
		"SIGQUIT":  {"trap 'exit 9' QUIT" + wait, []syscall.Signal{syscall.SIGQUIT}, 9},
		"SIGUSR1":  {"trap 'exit 10' USR1" + wait, []syscall.Signal{syscall.SIGUSR1}, 10},
		"SIGUSR2":  {"trap 'exit 11' USR2" + wait, []syscall.Signal{syscall.SIGUSR2}, 11},
		"SIGINT":   {"trap 'exit 12' INT" + wait, []syscall.Signal{syscall.SIGINT}, 12},
		"no trap":  {"(setsid sleep 1000 &)" + wait, []syscall.Signal{syscall.SIGTERM}, 128 + 15},
		"stubborn": {"trap '' INT" + wait, []syscall.Signal{syscall.SIGINT, syscall.SIGINT}, 128 + 9},
		"kept":     {"trap : INT; trap 'exit 13' TERM" + wait, []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}, 13},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := program(t, "run", "project", "--", "sh", "-c", c.command)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
				t.Errorf("got %q, %v", line, err)
			}
			for _, sig := range c.signals {
				if err := cmd.Process.Signal(sig); err != nil {
					t.Error(err)
				}
			}
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			for {
				select {
				case err := <-ended:
					if got := exitOf(t, err); got != c.want {
						t.Errorf("exit code %d, want %d", got, c.want)
					}
					return
				case <-time.After(20 * time.Millisecond):
				}
				if len(c.signals) > 1 {
					// Of two equal signals the second is lost while the first is pending.
					_ = cmd.Process.Signal(c.signals[1])
				}
			}
		})
	}
}

// TestSignalsWithJSON has no output to go by before the end.
func TestSignalsWithJSON(t *testing.T) {
	require(t)
	t.Parallel()
	word := "ready-" + rand.Text()
	cmd := program(t, "run", "--json", "project", "--", "sh", "-c", "trap 'echo trapped; exit 7' TERM; sh -c 'sleep 1000; :' "+word+" & while :; do sleep 0.01; done")
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); len(asleep(word)) == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the command does not begin")
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if got := exitOf(t, cmd.Wait()); got != 7 || !strings.Contains(out.String(), `"stdout": "trapped\n"`) {
		t.Errorf("exit code %d\n%s", got, out.String())
	}
}

// asleep lists the processes of the machine whose command line holds a word, as
// a name of their own.
func asleep(word string) []string {
	names, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	var found []string
	for _, name := range names {
		line, err := os.ReadFile(name)
		if err == nil && bytes.HasPrefix(line, []byte("sh\x00-c\x00sleep")) && bytes.Contains(line, []byte(word)) {
			found = append(found, name)
		}
	}
	return found
}

// TestKilled sees that nothing is left of a program that could not clean up.
func TestKilled(t *testing.T) {
	require(t)
	t.Parallel()
	cmd := program(t, "run", "project", "--", "sh", "-c", "echo ready; exec sleep 1000")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Errorf("got %q, %v", line, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait()
	var tmp string
	for _, e := range cmd.Env {
		if dir, ok := strings.CutPrefix(e, "TMPDIR="); ok {
			tmp = dir
		}
	}
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		left, err := os.ReadDir(tmp)
		if err == nil && len(left) == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("left: %v, %v", left, err)
		}
	}
}

// TestSignalBeforeTheCommand ends what is being prepared.
func TestSignalBeforeTheCommand(t *testing.T) {
	r, ctx := relaySignals(t.Context())
	r.pass(syscall.SIGTERM)
	<-ctx.Done()
	var sig signalled
	if !errors.As(context.Cause(ctx), &sig) || sig.Signal != syscall.SIGTERM {
		t.Errorf("got %v", context.Cause(ctx))
	}
	var status exitStatus
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	err := a.inSandbox(ctx, ".", nil, nil)
	if !errors.As(err, &status) || status != 128+15 {
		t.Errorf("got %v", err)
	}
}
