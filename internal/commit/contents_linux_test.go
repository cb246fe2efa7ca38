// SPDX-License-Identifier: MIT

package commit_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/commit"
	"github.com/sandbox-rls/sandbox/internal/delta"
)

// TestContents commits to the directory that the sandbox works on, with what was read
// when the changes were looked for. Two files are written to after that: one with a new
// time, the other with none.
func TestContents(t *testing.T) {
	w := newWorld(t, memoryDir(t), files{"same": "1", "timed": "1", "mapped": "1"}, files{"same": "2", "timed": "2", "mapped": "2"})
	f, err := os.OpenFile(w.target+"/mapped", os.O_RDWR, 0)
	must(t, err)
	page, err := unix.Mmap(int(f.Fd()), 0, 1, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	must(t, err)
	must(t, f.Close())
	page[0] = '1' // dirty: what is written from now on leaves the time that there is
	began := w.settle(t)
	contents := commit.NewContents(true, true)
	changes, err := delta.ChangesSeen(delta.Layers{Upper: w.upper, Lower: []string{w.target}}, contents.Add)
	must(t, err)
	page[0] = 'h'
	must(t, unix.Munmap(page))
	must(t, os.WriteFile(w.target+"/timed", []byte("h"), 0o644))

	run := func(opts commit.Options) *commit.Report {
		report, err := commit.Run(context.Background(), commit.Request{
			Target: w.target, Upper: w.upper, Changes: changes, Base: commit.ChangedSince(began), Contents: contents, Journal: w.journal,
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

// TestContentsFound commits what the sandbox's files held when they were found to have changed, where that was
// kept. What is too large for that, or more than there is room for, is read anew. Holes stay holes.
func TestContentsFound(t *testing.T) {
	large := strings.Repeat("x", 64<<10)
	before := files{"kept": "1", "large": large + "1", "mode": "1", "holes": large}
	after := files{"kept": "2", "large": large + "2", "mode": "2", "holes": large[1:] + "2"}
	for i := range 200 { // 200 × 64 KiB are more than 8 MiB
		name := fmt.Sprintf("many/%03d", i)
		before[name], after[name] = large, large[:len(large)-3]+fmt.Sprintf("%03d", i)
	}
	w := newWorld(t, memoryDir(t), before, after)
	must(t, unix.Truncate(w.upper+"/holes", 0))
	must(t, unix.Truncate(w.upper+"/holes", int64(len(large))))
	for _, target := range []bool{false, true} { // what says nothing is not kept
		contents := commit.NewContents(target, false)
		_, err := delta.ChangesSeen(delta.Layers{Upper: w.upper, Lower: []string{w.lower}}, contents.Add)
		must(t, err)
		if n := contents.Len(); (n > 0) != target {
			t.Errorf("of the target %v: %d files are known", target, n)
		}
	}
	contents := commit.NewContents(false, true)
	changes, err := delta.ChangesSeen(delta.Layers{Upper: w.upper, Lower: []string{w.lower}}, contents.Add)
	must(t, err)
	for name, text := range map[string]string{"kept": "3", "large": large + "3", "mode": "3"} {
		must(t, os.WriteFile(w.upper+"/"+name, []byte(text), 0o644))
	}
	must(t, os.Chmod(w.upper+"/mode", 0o755))

	req, done := w.request(t)
	defer done()
	req.Changes, req.Contents = changes, contents
	report, err := commit.Run(context.Background(), req, commit.Options{})
	must(t, err)
	if len(report.Applied) != len(after) {
		t.Errorf("%d of %d files were committed", len(report.Applied), len(after))
	}
	after["large"], after["holes"] = large+"3", strings.Repeat("\x00", len(large))
	for name, want := range after {
		if got, err := os.ReadFile(w.target + "/" + name); err != nil || string(got) != want {
			t.Errorf("%s: %.10q…, %v", name, got, err)
		}
	}
	var st unix.Stat_t
	if must(t, unix.Stat(w.target+"/holes", &st)); st.Blocks != 0 {
		t.Errorf("holes: %d blocks", st.Blocks)
	}
	w.clean(t)
}
