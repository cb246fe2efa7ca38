// SPDX-License-Identifier: MIT

package commit_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/commit"
)

// TestHostEditsBetweenCalls has the host act right before each call of a
// commit. What it wrote is there afterwards, and nothing else of the host is gone.
func TestHostEditsBetweenCalls(t *testing.T) {
	for name, c := range map[string]struct {
		// edit changes the file; what it returns is called after the commit.
		edit func(name string) func()
		want string // "" is none
	}{
		"in place": {func(name string) func() {
			must(t, os.WriteFile(name, []byte("host"), 0o644))
			return nil
		}, "host"},
		"renamed over": {func(name string) func() {
			must(t, os.WriteFile(name+".tmp", []byte("host"), 0o644))
			must(t, os.Rename(name+".tmp", name))
			return nil
		}, "host"},
		"written later": {func(name string) func() {
			f, err := os.OpenFile(name, os.O_RDWR, 0)
			must(t, err)
			return func() {
				_, err := f.WriteAt([]byte("host"), 0)
				must(t, err)
				must(t, f.Close())
			}
		}, "host"},
		"made a directory": {func(name string) func() {
			must(t, os.RemoveAll(name))
			build(t, name, files{"mine": "host"})
			return nil
		}, "directory"},
		"removed": {func(name string) func() { must(t, os.Remove(name)); return nil }, ""},
	} {
		for kind, after := range map[string]files{"modified": {"a": "news", "z": "2"}, "deleted": {"z": "2"}, "added": {"a": "1old", "b": "2new", "z": "2"}} {
			t.Run(name+" "+kind, func(t *testing.T) {
				for n := 1; ; n++ {
					w := newWorld(t, memoryDir(t), files{"a": "1old", "z": "1"}, after)
					path := w.target + "/a"
					if kind == "added" {
						path = w.target + "/b"
					}
					calls, acted := 0, false
					var later func()
					_, err := w.commit(t, commit.Options{}.WithFault(func(string) error {
						calls++
						if _, err := os.Lstat(path); calls >= n && !acted && (err == nil || kind == "added" && name == "made a directory") {
							acted = true
							later = c.edit(path)
						}
						return nil
					}))
					must(t, err)
					if later != nil {
						later()
					}
					if !acted {
						break
					}
					got := ""
					if b, err := os.ReadFile(path); err == nil {
						got = string(b)
					} else if b, err := os.ReadFile(path + "/mine"); err == nil && string(b) == "host" {
						got = "directory"
					}
					if got != c.want {
						t.Fatalf("call %d: %q, the host made it %q", n, got, c.want)
					}
					w.clean(t)
				}
			})
		}
	}
}

// TestHostEditsTwice has the host edit a file that is then exchanged, and once more
// what takes its place, right before it is exchanged back: the second edit
// stands in the end, and the first is kept. So it is when the commit
// crashes at any call from then on.
func TestHostEditsTwice(t *testing.T) {
	first := func(name string) { must(t, os.WriteFile(name, []byte("1st!"), 0o644)) }
	for name, second := range map[string]func(name string) func(){
		"written": func(name string) func() {
			f, err := os.OpenFile(name, os.O_WRONLY, 0)
			must(t, err)
			_, err = f.WriteString("2nd!")
			must(t, err)
			must(t, f.Close())
			return func() {}
		},
		"written later": func(name string) func() {
			f, err := os.OpenFile(name, os.O_WRONLY, 0)
			must(t, err)
			return func() {
				_, err := f.WriteString("2nd!")
				must(t, err)
				must(t, f.Close())
			}
		},
		"renamed over": func(name string) func() {
			must(t, os.WriteFile(name+".tmp", []byte("2nd!"), 0o644))
			must(t, os.Rename(name+".tmp", name))
			return func() {}
		},
	} {
		t.Run(name, func(t *testing.T) {
			for crash := 0; editTwice(t, first, second, crash); crash++ {
			}
		})
	}
}

// editTwice is false when the commit makes fewer than crash calls after the second
// edit. 0 is no crash.
func editTwice(t *testing.T, first func(string), second func(string) func(), crash int) bool {
	w := newWorld(t, memoryDir(t), files{"a": "old!", "z": "1"}, files{"a": "new!", "z": "2"})
	path := w.target + "/a"
	exchanges, after, crashed := 0, 0, false
	later := func() {}
	fault := func(call string) error {
		if call == "renameat2" && exchanges < 2 {
			switch exchanges++; exchanges {
			case 1:
				first(path)
			case 2:
				later = second(path)
			}
		} else if exchanges == 2 {
			after++
		}
		if crash > 0 && after >= crash {
			crashed = true
			return unix.EIO
		}
		return nil
	}
	w.journal.fault = fault
	report, err := w.commit(t, commit.Options{}.WithFault(fault))
	w.journal.fault = nil
	later() // a writer outlives the crash of another
	if crash > 0 {
		list, err := commit.Recover(context.Background(), w.journal)
		must(t, err)
		if len(list) == 1 {
			must(t, list[0].Err)
			report = list[0].Report
		}
	} else {
		must(t, err)
		if len(report.Conflicts) != 1 || !report.RolledBack {
			t.Errorf("%+v", report)
		}
	}
	got, err := os.ReadFile(path)
	must(t, err)
	kept, err := filepath.Glob(w.target + "/" + commit.StagingPrefix + "*")
	must(t, err)
	if string(got) != "2nd!" || len(kept) != 1 || !strings.Contains(kept[0], "-kept-") {
		t.Fatalf("crash %d: %q, kept %v: %+v", crash, got, kept, report)
	}
	was, err := os.ReadFile(kept[0])
	must(t, err)
	if string(was) != "1st!" || report == nil || len(report.Left) != 1 || !strings.HasSuffix(report.Left[0].Reason, filepath.Base(kept[0])) {
		t.Errorf("crash %d: %q was kept: %+v", crash, was, report)
	}
	return crash == 0 || crashed
}
