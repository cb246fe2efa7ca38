// SPDX-License-Identifier: MIT

package seccomp_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const cProgram = `#include <stdio.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/wait.h>
extern char **environ;
static void *f(void *p) { return p; }
int main(void) {
  pthread_t t; pid_t pid; int st; char *argv[] = {"true", 0};
  if (pthread_create(&t, 0, f, 0) || pthread_join(t, 0)) return 1;
  if (posix_spawnp(&pid, "true", 0, 0, argv, environ) || waitpid(pid, &st, 0) != pid || st) return 2;
  puts("done"); return 0;
}`

const pythonProgram = `
import os, socket, sqlite3, subprocess, tempfile, threading, multiprocessing, asyncio
t = threading.Thread(target=lambda: None); t.start(); t.join()
assert subprocess.run(["echo", "x"], capture_output=True).stdout == b"x\n"
with multiprocessing.get_context("fork").Pool(2) as p: assert p.map(abs, [-1, 2]) == [1, 2]
a, b = socket.socketpair(); a.send(b"x"); assert b.recv(1) == b"x"
socket.socket(socket.AF_INET, socket.SOCK_STREAM).bind(("127.0.0.1", 0))
with tempfile.TemporaryDirectory() as d:
    sqlite3.connect(d + "/db").execute("create table t (x)")
    os.chmod(d + "/db", 0o600)
asyncio.run(asyncio.sleep(0))
print("done")
`

const nodeProgram = `
const fs = require("fs"), cp = require("child_process"), { Worker } = require("worker_threads");
if (cp.execFileSync("echo", ["x"]).toString() !== "x\n") process.exit(1);
fs.promises.readFile("/proc/self/status").then(() => {
  new Worker("0", { eval: true }).on("exit", () => console.log("done"));
});
`

// TestPrograms runs what people run in a sandbox. A program that this machine
// does not have is skipped.
func TestPrograms(t *testing.T) {
	for _, c := range []struct {
		needs string
		argv  []string
	}{
		{"bash", []string{"bash", "-c", `x=$(seq 3 | tail -1); sleep 0 & wait; cat <(echo $x) <<<here >/dev/null && echo done`}},
		{"tar", []string{"sh", "-c", `d=$(mktemp -d) && cd $d && mkdir a && touch a/b && cp -a a c && mv c e && ln -s a f && tar cf t a && find . -type f | xargs ls -l >/dev/null && rm -r $d && echo done`}},
		{"python3", []string{"python3", "-c", pythonProgram}},
		{"node", []string{"node", "-e", nodeProgram}},
		{"gcc", []string{"sh", "-c", `d=$(mktemp -d) && cd $d && printf '%s' "$0" >x.c && gcc -pthread -o x x.c && ./x && rm -r $d`, cProgram}},
		{"git", []string{"sh", "-c", `d=$(mktemp -d) && cd $d && git init -q . && echo x >x && git add x && git -c user.name=x -c user.email=x@x commit -qm x && git clone -q . y && git gc -q && rm -rf $d && echo done`}},
		{"sqlite3", []string{"sh", "-c", `d=$(mktemp -d) && cd $d && sqlite3 db 'pragma journal_mode=wal; create table t(x); insert into t values(1); select "done" from t;' && rm -r $d`}},
	} {
		t.Run(c.needs, func(t *testing.T) {
			if _, err := exec.LookPath(c.needs); err != nil {
				if os.Getenv("SANDBOX_REQUIRE") != "" {
					t.Fatal(err)
				}
				t.Skip(err)
			}
			out, err := child(t, "exec", c.argv...).CombinedOutput()
			if err != nil || !strings.HasSuffix(string(out), "done\n") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// execFiltered becomes another program under the filter.
func execFiltered() error {
	path, err := exec.LookPath(os.Args[1])
	if err != nil {
		return err
	}
	if _, err := loadFilter(false); err != nil {
		return err
	}
	return unix.Exec(path, os.Args[1:], os.Environ())
}

// TestGoInit runs a Go program as process 1 of a PID namespace, all of it under
// the filter, from its runtime's first instruction on.
func TestGoInit(t *testing.T) {
	eachUser(t, func(t *testing.T, attr *syscall.SysProcAttr) {
		attr.Cloneflags = unix.CLONE_NEWPID
		if os.Geteuid() != 0 || attr.Credential != nil {
			t.Log("in a user namespace")
			attr.Cloneflags |= unix.CLONE_NEWUSER
			attr.Credential = nil
			attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 1000, HostID: os.Getuid(), Size: 1}}
			attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 1000, HostID: os.Getgid(), Size: 1}}
		}
		cmd := child(t, "init")
		cmd.SysProcAttr = attr
		out, err := cmd.CombinedOutput()
		if errors.Is(err, syscall.EPERM) && len(out) == 0 {
			if os.Getenv("SANDBOX_REQUIRE") != "" {
				t.Fatal("no PID namespaces here: ", err)
			}
			t.Skipf("no PID namespaces here: %v", err)
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		want := "pid 1\npreempted\nkill 1\nalive\n"
		if string(out) != want {
			t.Errorf("%q, want %q", out, want)
		}
	})
}

// actAsInit loads the filter, starts over under it, and then does what an init
// does.
func actAsInit() error {
	if len(os.Args) < 2 {
		if _, err := loadFilter(false); err != nil {
			return err
		}
		return unix.Exec("/proc/self/exe", []string{"init", "filtered"}, os.Environ())
	}
	fmt.Println("pid", os.Getpid())
	runtime.UnlockOSThread()
	if !preempts() {
		return errors.New("a busy loop holds up the garbage collector")
	}
	fmt.Println("preempted")
	cmd := exec.Command("/bin/sh", "-c", "kill -TERM 1 2>/dev/null; echo kill $?")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return err
	}
	sleeper := exec.Command("/bin/sleep", "60")
	if err := sleeper.Start(); err != nil {
		return err
	}
	if err := sleeper.Process.Kill(); err != nil {
		return err
	}
	_ = sleeper.Wait()
	fmt.Println("alive")
	return nil
}

// preempts tells whether the collector can stop a loop that calls nothing,
// which takes a signal from one thread of process 1 to another.
func preempts() bool {
	started, collected := make(chan bool), make(chan bool)
	go func() {
		close(started)
		//lint:ignore SA5002 that it spins is the point
		for {
		}
	}()
	<-started
	go func() {
		runtime.GC()
		close(collected)
	}()
	select {
	case <-collected:
		return true
	case <-time.After(30 * time.Second): // of the minute that a child has
		return false
	}
}
