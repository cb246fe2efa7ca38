// SPDX-License-Identifier: MIT

package commit_test

import (
	"context"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/commit"
	"github.com/sandbox-rls/sandbox/internal/delta"
)

// TestSums commits to the directory that the sandbox works on, with the sums of what was read
// when the changes were looked for. Two files are written to after that: one with a new
// time, the other with none.
func TestSums(t *testing.T) {
	w := newWorld(t, memoryDir(t), files{"same": "1", "timed": "1", "mapped": "1"}, files{"same": "2", "timed": "2", "mapped": "2"})
	f, err := os.OpenFile(w.target+"/mapped", os.O_RDWR, 0)
	must(t, err)
	page, err := unix.Mmap(int(f.Fd()), 0, 1, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	must(t, err)
	must(t, f.Close())
	page[0] = '1' // dirty: what is written from now on leaves the time that there is
	began := w.settle(t)
	sums := commit.NewSums()
	changes, err := delta.ChangesSeen(delta.Layers{Upper: w.upper, Lower: []string{w.target}}, sums.Add)
	must(t, err)
	page[0] = 'h'
	must(t, unix.Munmap(page))
	must(t, os.WriteFile(w.target+"/timed", []byte("h"), 0o644))

	run := func(opts commit.Options) *commit.Report {
		report, err := commit.Run(context.Background(), commit.Request{
			Target: w.target, Upper: w.upper, Changes: changes, Base: commit.ChangedSince(began), Sums: sums, Journal: w.journal,
		}, opts)
		must(t, err)
		return report
	}
	report := run(commit.Options{Partial: true})
	expect(t, "applied", report.Applied, files{"/same": ""})
	expect(t, "conflicts", report.Conflicts, files{"/timed": "was changed", "/mapped": "was changed"})
	if now := scan(t, w.target); now["/mapped"] != "-rw-r--r-- h" || now["/timed"] != "-rw-r--r-- h" {
		t.Errorf("%v", now)
	}

	// Who wants to overwrite what there is has it summed up as it is, which has another
	// time by now: the old sum would make a conflict of it.
	report = run(commit.Options{Overwrite: true})
	expect(t, "applied", report.Applied, files{"/timed": "", "/mapped": ""})
	w.same(t, w.after)
	w.clean(t)
}
