// SPDX-License-Identifier: MIT

package cgroup

import (
	"fmt"
	"os"
	goruntime "runtime"
	"strconv"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox/runtime"
)

// roleVariable makes this program something that tests need to run.
const roleVariable = "CGROUP_TEST_ROLE"

// The main thread of a process stands for it in /proc/self, and does not end
// with a goroutine that is locked to it: tests that move a thread take others.
func init() { goruntime.LockOSThread() }

func TestMain(m *testing.M) {
	switch role := os.Getenv(roleVariable); role {
	case "":
		os.Exit(m.Run())
	case "hog":
		hog()
	case "spin":
		for n := 0; n >= 0; n++ {
		}
	case "sleep":
		time.Sleep(time.Hour)
	case "threads":
		threads()
	case "owner":
		own(Options{})
	case "delegated":
		own(Options{Delegated: true})
	}
}

func integer(name string) int {
	n, err := strconv.Atoi(os.Getenv(name))
	if err != nil {
		panic(err)
	}
	return n
}

// hog takes memory, all of it.
func hog() {
	b := make([]byte, integer("MEGABYTES")<<20)
	for i := 0; i < len(b); i += os.Getpagesize() {
		b[i] = 1
	}
	goruntime.KeepAlive(b)
}

// threads makes threads, and dies as Go programs do when it cannot.
func threads() {
	os.Stderr.Close()
	for range integer("NUMBER") {
		go func() {
			goruntime.LockOSThread()
			select {}
		}()
	}
	time.Sleep(time.Hour)
}

// own makes groups, says where, and waits to be killed.
func own(o Options) {
	p, err := Open(o)
	if err != nil {
		fmt.Println("failed:", err)
		return
	}
	g, err := p.New("box", runtime.ResourceLimits{MemoryBytes: 64 * MB, PidsLimit: 50}, false)
	if err != nil {
		fmt.Println("failed:", err)
		return
	}
	fmt.Println(g.dirs[0])
	time.Sleep(time.Hour)
}
