// SPDX-License-Identifier: MIT

package commit_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/commit"
)

// TestReplacedInTheLayer has the sandbox make something else of a file after its
// changes were listed.
func TestReplacedInTheLayer(t *testing.T) {
	for name, replace := range map[string]func(name string) error{
		"fifo":         func(name string) error { return unix.Mkfifo(name, 0o644) },
		"socket":       func(name string) error { return unix.Mknod(name, unix.S_IFSOCK|0o644, 0) },
		"symlink":      func(name string) error { return os.Symlink("/etc/passwd", name) },
		"directory":    func(name string) error { return os.Mkdir(name, 0o755) },
		"longer file":  func(name string) error { return os.WriteFile(name, []byte("longer"), 0o644) },
		"other mode":   func(name string) error { return os.WriteFile(name, []byte("2"), 0o755) },
		"nothing":      func(name string) error { return nil },
		"whiteout":     func(name string) error { return unix.Mknod(name, unix.S_IFCHR, 0) },
		"link to self": func(name string) error { return os.Symlink("a", name) },
	} {
		for _, when := range []string{"before", "while staging"} {
			t.Run(name+" "+when, func(t *testing.T) {
				w := newWorld(t, memoryDir(t), files{"a": "1", "b": "1"}, files{"a": "2", "b": "2"})
				req, done := w.request(t)
				defer done()
				var once sync.Once
				act := func() {
					once.Do(func() {
						must(t, os.Remove(w.upper+"/a"))
						must(t, replace(w.upper+"/a"))
					})
				}
				opts := commit.Options{}.WithFault(func(call string) error { act(); return nil })
				if when == "before" {
					act()
				}
				report, err := commit.Run(context.Background(), req, opts)
				must(t, err)
				expect(t, "failed", report.Failed, files{"/a": paths(report.Failed)["/a"]})
				w.same(t, w.lower)
				w.clean(t)
			})
		}
	}
}

// TestDirectoryReplacedInTheLayer leads the way to a file elsewhere.
func TestDirectoryReplacedInTheLayer(t *testing.T) {
	w := newWorld(t, memoryDir(t), files{"d/a": "1"}, files{"d/a": "2"})
	req, done := w.request(t)
	defer done()
	must(t, os.Rename(w.upper+"/d", w.upper+"/D"))
	must(t, os.Symlink("D", w.upper+"/d"))
	report, err := commit.Run(context.Background(), req, commit.Options{})
	must(t, err)
	if len(report.Failed) != 1 {
		t.Errorf("%+v", report)
	}
	w.same(t, w.lower)
}

// TestParentReplacedMeanwhile has the host put a link in the place of a
// directory at each call of a commit.
func TestParentReplacedMeanwhile(t *testing.T) {
	for n := 1; ; n++ {
		dir := memoryDir(t)
		w := newWorld(t, dir, files{"d/a": "1", "d/b": "1", "d/c": "1"}, files{"d/a": "2", "d/c": "1", "d/new": "1"})
		build(t, dir+"/outside", files{"a": "1", "b": "1"})
		calls := 0
		report, err := w.commit(t, commit.Options{}.WithFault(func(string) error {
			if calls++; calls == n {
				must(t, os.Rename(w.target+"/d", dir+"/moved"))
				must(t, os.Symlink("../outside", w.target+"/d"))
			}
			return nil
		}))
		must(t, err)
		if got := scan(t, dir+"/outside"); !equal(got, map[string]string{"/": "drwxr-xr-x", "/a": "-rw-r--r-- 1", "/b": "-rw-r--r-- 1"}) {
			t.Fatalf("call %d: outside was changed: %v", n, got)
		}
		if calls < n {
			w.same(t, w.after)
			break
		}
		if len(report.Applied) == 0 && len(report.Conflicts) == 0 {
			t.Errorf("call %d: %+v", n, report)
		}
	}
}

func TestReservedNames(t *testing.T) {
	staging := commit.StagingPrefix + strings.Repeat("0", 32)
	w := newWorld(t, memoryDir(t), files{}, files{staging: "1", "d/" + staging + "/x": "1", "ok": "1"})
	report, err := w.commit(t, commit.Options{})
	must(t, err)
	expect(t, "applied", report.Applied, files{"/ok": "", "/d": ""})
	if len(report.Skipped) != 3 {
		t.Errorf("%+v", report)
	}
}

func TestSpecialFilesAreSkipped(t *testing.T) {
	w := newWorld(t, memoryDir(t), files{"keep": "1"}, files{"keep": "2"})
	must(t, unix.Mkfifo(w.upper+"/fifo", 0o644))
	must(t, unix.Mknod(w.upper+"/socket", unix.S_IFSOCK|0o644, 0))
	report, err := w.commit(t, commit.Options{})
	must(t, err)
	w.same(t, w.after)
	if len(report.Skipped) != 2 || len(report.Applied) != 1 {
		t.Errorf("%+v", report)
	}
}

func TestAllow(t *testing.T) {
	w := newWorld(t, memoryDir(t), files{"a": "1", "b": "1", "c": "1"}, files{"a": "2", "b": "2", "d/x": "1"})
	asked := map[string]int{}
	report, err := w.commit(t, commit.Options{Partial: true, Allow: func(path string) bool {
		asked[path]++
		return path != "/a" && (path != "/b" || asked[path] < 2) && path != "/d"
	}})
	must(t, err)
	expect(t, "denied", report.Denied, files{"/a": "may not be written", "/b": "may not be written", "/d": "may not be written"})
	expect(t, "conflicts", report.Conflicts, files{"/d/x": "its directory is not there"})
	expect(t, "applied", report.Applied, files{"/c": ""})
	w.clean(t)
}

// TestPathsThatAreNone are refused as a whole.
func TestPathsThatAreNone(t *testing.T) {
	w := newWorld(t, memoryDir(t), files{"a": "1"}, files{"a": "2"})
	for _, path := range []string{"", "a", "/a/", "//a", "/a/../b", "/.", "/a\x00", "/"} {
		req, done := w.request(t)
		req.Changes[0].Path = path
		if _, err := commit.Run(context.Background(), req, commit.Options{}); err == nil {
			t.Errorf("%q was taken", path)
		}
		done()
	}
	w.same(t, w.lower)
}

// TestHostEditsMeanwhile has the host write to the target all the time: each
// edit is there afterwards, or was reported to be in conflict with it.
func TestHostEditsMeanwhile(t *testing.T) {
	for how, edit := range map[string]func(name, text string) error{
		"in place": func(name, text string) error {
			f, err := os.OpenFile(name, os.O_WRONLY|os.O_TRUNC, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			time.Sleep(50 * time.Microsecond)
			_, err = f.WriteString(text)
			return err
		},
		"same size": func(name, text string) error {
			f, err := os.OpenFile(name, os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.WriteString(text)
			return err
		},
		"renamed": func(name, text string) error {
			if err := os.WriteFile(name+".tmp", []byte(text), 0o644); err != nil {
				return err
			}
			return os.Rename(name+".tmp", name)
		},
	} {
		t.Run(how, func(t *testing.T) {
			committed, conflicts := 0, 0
			for round := range 150 {
				dir, err := os.MkdirTemp(memoryDir(t), "")
				must(t, err)
				w := newWorld(t, dir, files{"a": "old old old", "b": "1"}, files{"a": "new new new", "b": "2"})
				req, done := w.request(t)
				var host sync.WaitGroup
				last := ""
				begin := make(chan bool)
				host.Go(func() {
					<-begin
					time.Sleep(time.Duration(round*7) * time.Microsecond)
					for i := range 1 + round%3 {
						// One that comes after the commit changes what that
						// made: not lost either.
						text := fmt.Sprintf("host %06d", i)
						if edit(w.target+"/a", text) == nil {
							last = text
						}
					}
				})
				close(begin)
				report, err := commit.Run(context.Background(), req, commit.Options{})
				must(t, err)
				host.Wait()
				done()
				got, err := os.ReadFile(w.target + "/a")
				must(t, err)
				if string(got) != last {
					t.Fatalf("round %d: %q, the host wrote %q: %+v", round, got, last, report)
				}
				if len(report.Conflicts) > 0 {
					conflicts++
				} else {
					committed++
				}
				must(t, os.RemoveAll(dir))
			}
			t.Logf("%d committed, %d in conflict", committed, conflicts)
		})
	}
}
