// SPDX-License-Identifier: MIT

package commit_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/commit"
)

// TestCrashBeforeTheLast has the last of a commit never run, while the host goes on
// working with what it brought.
func TestCrashBeforeTheLast(t *testing.T) {
	w := newWorld(t, memoryDir(t), mixed.before, mixed.after)
	req, done := w.request(t)
	defer done()
	report, err := commit.Run(context.Background(), req, commit.Options{Later: func(func() error) {}})
	must(t, err)
	w.same(t, w.after)
	for name, text := range map[string]string{"edit": "host", "remove": "again", "big": "small", "mode/x": "host", "old": "other"} {
		for _, dir := range []string{w.target, w.after} {
			must(t, os.WriteFile(dir+"/"+name, []byte(text), 0o644))
		}
	}
	must(t, os.Remove(w.target+"/link"))
	must(t, os.Remove(w.after+"/link"))
	list, err := commit.Recover(context.Background(), w.journal)
	must(t, err)
	if len(list) != 1 || list[0].Outcome != commit.Finished || list[0].Err != nil {
		t.Fatalf("%+v", list)
	}
	doubtful := files{}
	for _, path := range []string{"/remove", "/old", "/link"} {
		doubtful[path] = "was changed, before the commit or after"
	}
	expect(t, "in doubt", list[0].Report.Conflicts, doubtful)
	if got := len(list[0].Report.Applied) + 3; got != len(report.Applied) {
		t.Errorf("%d of %d", got, len(report.Applied))
	}
	w.same(t, w.after)
	w.clean(t)
}

func TestRecoverWithoutTheTarget(t *testing.T) {
	for name, replace := range map[string]func(w *world) error{
		"gone": func(w *world) error { return os.RemoveAll(w.target) },
		"another": func(w *world) error {
			must(t, os.Rename(w.target, w.target+".old"))
			return os.Mkdir(w.target, 0o755)
		},
		"a file": func(w *world) error {
			must(t, os.RemoveAll(w.target))
			return os.WriteFile(w.target, nil, 0o644)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, memoryDir(t), files{"a": "1"}, files{"a": "2", "b": "1"})
			calls := 0
			_, err := w.commit(t, commit.Options{}.WithFault(func(call string) error {
				if calls++; calls > 15 {
					return unix.EIO
				}
				return nil
			}))
			if err == nil || len(w.journal.entries) != 1 {
				t.Fatalf("%v, %d entries", err, len(w.journal.entries))
			}
			must(t, replace(w))
			list, err := commit.Recover(context.Background(), w.journal)
			must(t, err)
			if len(list) != 1 || list[0].Outcome != commit.Dropped || list[0].Err == nil || len(w.journal.entries) != 0 {
				t.Errorf("%+v", list)
			}
		})
	}
}

func TestRecoverWhatItDoesNotKnow(t *testing.T) {
	j := &memory{entries: map[string][]byte{"a": []byte("junk"), "b": []byte(`{"version":99}`), "c": []byte(`{"version":1}`)}}
	list, err := commit.Recover(context.Background(), j)
	must(t, err)
	for _, r := range list {
		if r.Outcome != commit.Unsettled || r.Err == nil || !strings.HasPrefix(r.Err.Error(), "journal entry") {
			t.Errorf("%+v", r)
		}
	}
	if len(list) != 3 || len(j.entries) != 3 {
		t.Errorf("%d of %d", len(list), len(j.entries))
	}
}

func TestCancelled(t *testing.T) {
	w := newWorld(t, memoryDir(t), files{}, files{"a": "1", "b": "1"})
	ctx, cancel := context.WithCancel(context.Background())
	req, done := w.request(t)
	defer done()
	_, err := commit.Run(ctx, req, commit.Options{}.WithFault(func(call string) error {
		if call == "create" {
			cancel()
		}
		return nil
	}))
	if err == nil {
		t.Error("no error")
	}
	w.same(t, w.lower)
	w.clean(t)
}
