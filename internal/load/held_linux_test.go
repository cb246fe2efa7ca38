// SPDX-License-Identifier: MIT

package load_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// held is what a program holds of the machine.
type held struct {
	exact map[string]int // of which there must be no more
	// threads of the program, and its memory in bytes.
	threads        int
	heap, resident uint64
}

// quietLooks is for how many looks in a row, 20 ms apart, nothing may begin or end. The
// guard's watchdog goes on for 50 ms after the last call, and longer without a CPU.
const quietLooks = 25

// settled looks when the goroutines that only end have ended.
func settled(b *bench) held {
	b.Helper()
	for last, same := -1, 0; same < quietLooks; time.Sleep(20 * time.Millisecond) {
		if n := runtime.NumGoroutine(); n != last {
			last, same = n, 0
		} else {
			same++
		}
	}
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	exact := map[string]int{
		"open files": b.entries("/proc/self/fd"),
		"goroutines": runtime.NumGoroutine(),
		"mounts":     b.mounts(),
		"processes":  b.descendants(),
		"cgroups":    b.cgroups(),
	}
	b.stateFiles(exact)
	return held{
		exact:   exact,
		threads: b.entries("/proc/self/task"), heap: m.HeapAlloc, resident: b.residentMemory(),
	}
}

// more reports whether there is more of something than there was. Less than there was
// is something that was only about to end when it was counted.
func (h held) more(than held) bool {
	for what, n := range h.exact {
		if n > than.exact[what] {
			return true
		}
	}
	return false
}

func (b *bench) entries(dir string) int {
	b.Helper()
	list, err := os.ReadDir(dir)
	b.must(err)
	return len(list)
}

// mounts counts those that have to do with the state directory.
func (b *bench) mounts() int {
	b.Helper()
	text, err := os.ReadFile("/proc/self/mountinfo")
	b.must(err)
	return strings.Count(string(text), b.state)
}

// files counts all that is beneath a directory.
func (b *bench) files(dir string) int { return b.count(dir, func(fs.DirEntry) bool { return true }) }

func (b *bench) count(dir string, counts func(fs.DirEntry) bool) (n int) {
	b.Helper()
	b.must(filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && counts(e) {
			n++
		}
		return err
	}))
	return n
}

// stateFiles counts what is in each part of the state directory: of the codebases
// only files, since the directories that these are spread over, by the beginnings of
// their digests, stay.
func (b *bench) stateFiles(counts map[string]int) {
	b.Helper()
	parts, err := os.ReadDir(b.state)
	b.must(err)
	for _, part := range parts {
		counts["state directory: "+part.Name()] = b.count(filepath.Join(b.state, part.Name()), func(e fs.DirEntry) bool {
			return part.Name() != "codebases" || !e.IsDir()
		})
	}
}

// cgroups counts the groups in the directories that this program's managers hold
// open. Other programs have groups, too.
func (b *bench) cgroups() (n int) {
	b.Helper()
	held, err := os.ReadDir("/proc/self/fd")
	b.must(err)
	for _, fd := range held {
		if dir, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.HasPrefix(dir, "/sys/fs/cgroup/") {
			n += b.files(dir)
		}
	}
	return n
}

// descendants counts the processes beneath this one.
func (b *bench) descendants() (n int) {
	b.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	b.must(err)
	parents := map[int]int{}
	for _, name := range stats {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		parents[pid], _ = strconv.Atoi(fields[1])
	}
	for pid := range parents {
		for up := parents[pid]; up != 0; up = parents[up] {
			if up == os.Getpid() {
				n++
				break
			}
		}
	}
	return n
}

func (b *bench) residentMemory() uint64 {
	b.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	b.must(err)
	pages, err := strconv.ParseUint(strings.Fields(string(text))[1], 10, 64)
	b.must(err)
	return pages * uint64(os.Getpagesize())
}
