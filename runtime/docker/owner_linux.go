// SPDX-License-Identifier: MIT

package docker

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// owner names a process so that another can tell whether it still runs: the boot
// and the PID namespace in which it has a number, the number, and when it began.
type owner struct {
	boot, namespace string
	pid             int
	began           string // clock ticks since the boot
}

func (o owner) String() string {
	return fmt.Sprintf("%s.%s.%d.%s", o.boot, o.namespace, o.pid, o.began)
}

func parseOwner(s string) (owner, bool) {
	f := strings.Split(s, ".")
	if len(f) != 4 {
		return owner{}, false
	}
	pid, err := strconv.Atoi(f[2])
	return owner{f[0], f[1], pid, f[3]}, err == nil && pid > 0
}

// self is this process.
var self = sync.OnceValues(func() (owner, error) {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return owner{}, err
	}
	var ns unix.Stat_t
	if err := unix.Stat("/proc/self/ns/pid", &ns); err != nil {
		return owner{}, err
	}
	o := owner{strings.TrimSpace(string(boot)), strconv.FormatUint(ns.Ino, 10), os.Getpid(), ""}
	o.began, err = began(o.pid)
	return o, err
})

// dead reports whether a process is known to have ended. One of another PID
// namespace is not ours to judge.
func (o owner) dead() bool {
	me, err := self()
	if err != nil {
		return false
	}
	if o.boot != me.boot {
		return true
	}
	if o.namespace != me.namespace {
		return false
	}
	at, err := began(o.pid)
	return os.IsNotExist(err) || err == nil && at != o.began
}

// began is when a process began: proc_pid_stat(5).
func began(pid int) (string, error) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", err
	}
	f := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
	if len(f) < 20 {
		return "", fmt.Errorf("/proc/%d/stat makes no sense", pid)
	}
	return string(f[19]), nil
}
