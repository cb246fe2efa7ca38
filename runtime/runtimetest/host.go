// SPDX-License-Identifier: MIT

package runtimetest

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox/runtime"
)

// newMarker returns a word by which processes of a sandbox are found on the host.
func newMarker() string { return "marker-" + rand.Text() }

// sleeper is a command line that prints nothing, never ends, and bears a
// marker, to be put into single quotes.
func sleeper(marker string) string { return "sleep 100000; : " + marker }

// marked lists the processes of the host that bear a marker.
func marked(marker string) []int {
	var pids []int
	for _, pid := range allProcesses() {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err == nil && pid != os.Getpid() && bytes.Contains(line, []byte(marker)) && alive(pid) {
			pids = append(pids, pid)
		}
	}
	return pids
}

func allProcesses() []int {
	names, _ := filepath.Glob("/proc/[0-9]*")
	var pids []int
	for _, name := range names {
		if pid, err := strconv.Atoi(filepath.Base(name)); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// field returns a line of proc_pid_status(5), "" when the process is gone.
func field(pid int, name string) string {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return statusField(string(data), name)
}

func statusField(status, name string) string {
	for line := range strings.Lines(status) {
		if v, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// alive reports whether a process exists and is not a zombie.
func alive(pid int) bool {
	state := field(pid, "State")
	return state != "" && state[0] != 'Z' && state[0] != 'X'
}

// initOf returns the init of the sandbox in which a process of the host runs:
// the ancestor that is number 1 in its innermost PID namespace.
func initOf(t *testing.T, pid int) int {
	t.Helper()
	for pid > 1 {
		numbers := strings.Fields(field(pid, "NSpid"))
		if len(numbers) > 1 && numbers[len(numbers)-1] == "1" {
			return pid
		}
		pid = parentOf(pid)
	}
	t.Fatal("found no init")
	return 0
}

// parentOf returns the parent of a process, 0 when the process is gone.
func parentOf(pid int) int {
	parent, _ := strconv.Atoi(field(pid, "PPid"))
	return parent
}

// holdings is what a process has of the host.
type holdings struct {
	files    []string
	children []int
	mounts   string
}

// held is what this process has while no sandbox runs. A runtime that keeps a process
// for the next one has it by then.
func (s *suite) held(t *testing.T) holdings {
	t.Helper()
	p, ok := s.runtime.(runtime.Preparer)
	if !ok {
		return held(t)
	}
	var h holdings
	eventually(t, "a process for the next sandbox appears", func() bool {
		p.Prepare()
		h = held(t)
		return slices.Contains(h.files, "anon_inode:[pidfd")
	})
	return h
}

func held(t *testing.T) holdings {
	t.Helper()
	var h holdings
	d, err := os.Open("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	names, _ := d.Readdirnames(-1)
	for _, name := range names {
		// What the Go runtime opens when it is first needed is not counted.
		to, _ := os.Readlink("/proc/self/fd/" + name)
		if !strings.HasPrefix(to, "anon_inode:[event") && to != "/proc/self/fd" && !strings.HasSuffix(to, "/fd") {
			h.files = append(h.files, fileName(name, to))
		}
	}
	d.Close()
	slices.Sort(h.files)
	for _, pid := range allProcesses() {
		if field(pid, "PPid") == strconv.Itoa(os.Getpid()) {
			h.children = append(h.children, pid)
		}
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	h.mounts = string(mounts)
	return h
}

// fileName names an open file. One is as good as another of those that have but a
// number.
func fileName(fd, to string) string {
	if kind, _, ok := strings.Cut(to, ":["); ok && kind != "pipe" {
		return strings.TrimRight(to, "0123456789]")
	}
	return fd + " → " + to
}

// still is what of it is there now as well.
func (h holdings) still(now holdings) holdings {
	return holdings{
		files:    slices.DeleteFunc(slices.Clone(h.files), func(f string) bool { return !slices.Contains(now.files, f) }),
		children: slices.DeleteFunc(slices.Clone(h.children), func(pid int) bool { return !slices.Contains(now.children, pid) }),
		mounts:   stillMounted(h.mounts, now.mounts),
	}
}

// stillMounted is what of a table of mounts is in a later one as well: programs of
// others unmount what is theirs while a test runs.
func stillMounted(before, now string) string {
	var mounts strings.Builder
	for line := range strings.Lines(before) {
		if strings.Contains(now, line) {
			mounts.WriteString(line)
		}
	}
	return mounts.String()
}

func (h holdings) equal(other holdings) bool {
	return slices.Equal(h.files, other.files) && slices.Equal(h.children, other.children) && h.mounts == other.mounts
}

// same reports what there is now, and stays, that was not there before. Where others
// clean up behind a container, they do so in their own time, also what was there before.
func (s *suite) same(t *testing.T, h holdings) {
	t.Helper()
	var now, want holdings
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		now, want = s.held(t), h
		if want.mounts = stillMounted(h.mounts, now.mounts); s.Image {
			want = h.still(now)
		}
		if now.equal(want) || time.Now().After(end) {
			break
		}
	}
	if !slices.Equal(want.files, now.files) {
		t.Errorf("open files before: %q, after: %q", want.files, now.files)
	}
	if !slices.Equal(want.children, now.children) {
		t.Errorf("children before: %v, after: %v", want.children, now.children)
	}
	if want.mounts != now.mounts {
		t.Errorf("mounts before:\n%safter:\n%s", want.mounts, now.mounts)
	}
}
