// SPDX-License-Identifier: MIT

package commit_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/sandbox-rls/sandbox/internal/commit"
	"github.com/sandbox-rls/sandbox/internal/delta"
)

// TestExpected commits changes of which somebody knows the checksum, while the sandbox goes
// on writing: before they are judged, and before they are staged.
func TestExpected(t *testing.T) {
	before := files{"swap": "1", "link": "->1", "there": "1", "same": "1"}
	after := files{"swap": "2", "link": "->2", "there": "2", "same": "2", "new": "2"}
	for _, c := range []struct {
		name   string
		write  string // the path that is written to
		staged bool   // only when it has been judged
		fails  bool
	}{
		{name: "nothing"},
		{name: "a file", write: "swap", fails: true},
		{name: "a new file", write: "new", fails: true},
		{name: "a link", write: "link", fails: true},
		{name: "a file, later", write: "swap", staged: true, fails: true},
		{name: "a new file, later", write: "new", staged: true, fails: true},
		{name: "a link, later", write: "link", staged: true, fails: true},
		{name: "what the target has already", write: "there", fails: true},
	} {
		for _, kept := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, kept=%v", c.name, kept), func(t *testing.T) {
				w := newWorld(t, memoryDir(t), before, after)
				write := func() {
					must(t, os.Remove(w.upper+"/"+c.write))
					build(t, w.upper, map[string]string{c.write: map[bool]string{true: "->3", false: "3"}[c.write == "link"]})
				}
				req, done := w.request(t)
				defer done()
				if kept {
					contents := commit.NewContents(false, true)
					_, err := delta.ChangesSeen(delta.Layers{Upper: w.upper, Lower: []string{w.lower}}, contents.Add)
					must(t, err)
					req.Contents = contents
				}
				sum := sha256.Sum256([]byte("2"))
				for i := range req.Changes {
					req.Changes[i].Checksum = hex.EncodeToString(sum[:])
				}
				build(t, w.target, files{"there": "3"})
				var once sync.Once
				if c.write != "" && !c.staged {
					once.Do(write)
				}
				report, err := commit.Run(context.Background(), req, commit.Options{Partial: true}.WithFault(func(string) error {
					if c.staged {
						once.Do(write)
					}
					return nil
				}))
				must(t, err)
				var failed files
				want := files{"/swap": "", "/link": "", "/same": "", "/new": ""}
				if c.fails {
					failed = files{"/" + c.write: delta.ErrStale.Error()}
					delete(want, "/"+c.write)
				}
				if c.staged && kept && c.write == "swap" { // what it was is known, and that is committed
					failed, want["/swap"] = nil, ""
				}
				expect(t, "failed", report.Failed, failed)
				expect(t, "applied", report.Applied, want)
				if c.write != "there" {
					expect(t, "conflicts", report.Conflicts, files{"/there": "was changed"})
				}
				for path := range want {
					if got := scan(t, w.target)[path]; got != "-rw-r--r-- 2" && got != "Lrwxrwxrwx 2" {
						t.Errorf("%s is %q", path, got)
					}
				}
				w.clean(t)
			})
		}
	}
}

// writing is a base that has the sandbox write when it is asked about a path: after the
// sandbox's file was examined, and before it is compared with the target's.
type writing struct {
	commit.Base
	write func(path string)
}

func (b writing) Differs(c delta.Change, now *commit.File) string {
	b.write(c.Path)
	return b.Base.Differs(c, now)
}

// TestExpectedAsTheTarget has the sandbox put in the place of what is expected what the target
// has already: it is not taken for what is expected, and nothing is given its permissions.
func TestExpectedAsTheTarget(t *testing.T) {
	was := map[string]string{"file": "1", "mode": "1", "link": "->1"}
	w := newWorld(t, memoryDir(t), was, files{"file": "2", "mode": "2", "link": "->2"})
	must(t, os.Chmod(w.upper+"/mode", 0o755))
	req, done := w.request(t)
	defer done()
	sum := sha256.Sum256([]byte("2"))
	for i := range req.Changes {
		req.Changes[i].Checksum = hex.EncodeToString(sum[:])
	}
	req.Base = writing{req.Base, func(path string) {
		must(t, os.Remove(w.upper+path))
		build(t, w.upper, map[string]string{path[1:]: was[path[1:]]})
		if path == "/mode" {
			must(t, os.Chmod(w.upper+path, 0o755))
		}
	}}
	before := scan(t, w.target)
	report, err := commit.Run(context.Background(), req, commit.Options{Partial: true, Overwrite: true})
	must(t, err)
	stale := delta.ErrStale.Error()
	expect(t, "failed", report.Failed, files{"/file": stale, "/mode": stale, "/link": stale})
	for path, want := range before {
		if got := scan(t, w.target)[path]; got != want {
			t.Errorf("%s is %q, was %q", path, got, want)
		}
	}
}
