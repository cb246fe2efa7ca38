// SPDX-License-Identifier: MIT

package sandbox

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-rls/sandbox/internal/metadata"
)

// FuzzAnswer reads what may stand in the pipe of a session's shell, into which its
// commands can write, too.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{"7 0 bash", "7 130 leaks rigid", "18446744073709551616 0", "1 511", "back", "-1 0", "1 0 x", "\x00 \xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if a, ok := parseAnswer(line); ok && (a.status < 0 || a.status > 255) {
			t.Errorf("%q has status %d", line, a.status)
		}
	})
}

// FuzzPageToken takes anybody's token: a page has a length that is allowed, and what
// the token is of has no other one.
func FuzzPageToken(f *testing.F) {
	f.Add("", 0)
	f.Add(tokenOf("sb_0"), 10)
	f.Add("Zg==", -1)
	f.Add("Zh", 1<<40)
	f.Fuzz(func(t *testing.T, token string, size int) {
		after, n, err := pageOf(token, size)
		if err != nil {
			return
		}
		if n <= 0 || n > MaxPageSize || len(after) > 64 {
			t.Errorf("%q, %d: %q, %d", token, size, after, n)
		}
		if again, _, err := pageOf(tokenOf(after), size); err != nil || again != after {
			t.Errorf("%q is of %q, and its token of %q, %v", token, after, again, err)
		}
	})
}

// FuzzRecord reads what a state directory may have of a sandbox: none runs, and the
// record is the same when it is written and read again.
func FuzzRecord(f *testing.F) {
	opened := time.Unix(1_700_000_000, 0).UTC()
	r := sandboxRecord{Info: Info{ID: "sb_1", Status: StatusRunning, Rules: []Rule{{Pattern: "/a", Permission: Write}}, Labels: map[string]string{"k": "v"}, Created: opened}, OutputLimit: 5, Checkpoints: []Checkpoint{{ID: "cp_1"}}}
	row, err := r.row()
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(row.Doc))
	for _, s := range []string{"", "{}", "null", `{"info":{"status":"stopped","rules":[{"permission":"read"}]}}`, `{"info":{"status":7}}`, `{"info":{"skipped":[{"path":"/x","reason":"y"}]}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		r, err := recordOf(metadata.Row{ID: "sb_1", Doc: doc}, opened)
		if err != nil {
			return
		}
		if r.Info.Status == StatusRunning || r.Info.ID != "sb_1" || r.Info.Parked {
			t.Errorf("%+v", r.Info)
		}
		r.deadline()
		row, err := r.row()
		if err != nil {
			return // a time that JSON does not have
		}
		again, err := recordOf(row, opened)
		again.killed = r.killed
		if err != nil {
			t.Fatal(err)
		}
		a, errA := json.Marshal(r)
		b, errB := json.Marshal(again)
		if diff := cmp.Diff(string(a), string(b)); diff != "" || errA != nil || errB != nil {
			t.Errorf("%v %v\n%s", errA, errB, diff)
		}
	})
}

// FuzzNames reads the words of levels, patterns' types and presets.
func FuzzNames(f *testing.F) {
	for _, s := range []string{"none", "view", "read", "write", "glob", "directory", "file", "agent-safe", "Read", "", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		var p Permission
		if err := p.UnmarshalText([]byte(name)); err == nil && !strings.EqualFold(p.String(), name) {
			t.Errorf("%q is %v", name, p)
		}
		var typ PatternType
		if err := typ.UnmarshalText([]byte(name)); err == nil && !strings.EqualFold(typ.String(), name) {
			t.Errorf("%q is %v", name, typ)
		}
	})
}
