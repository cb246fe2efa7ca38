// SPDX-License-Identifier: MIT

package wire_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/internal/wire"
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
)

// TestOutputThatIsNoText is kept whole where there is room for it, and a command
// that is longer than an answer may be takes nothing but the output.
func TestOutputThatIsNoText(t *testing.T) {
	for _, out := range []string{"\xff", "a\xffb\xfec", strings.Repeat("\xffa", 1000), "\x89PNG\r\n"} {
		m := wire.ResultTo(&sandbox.ExecResult{Stdout: out, Stderr: out}, 1<<20)
		if r := wire.ResultFrom(m); r.Stdout != out || r.Stderr != out || r.StdoutTruncated || r.StderrTruncated {
			t.Errorf("%.10q became %.10q, %.10q, cut: %v, %v", out, r.Stdout, r.Stderr, r.StdoutTruncated, r.StderrTruncated)
		}
	}
	m := wire.ResultTo(&sandbox.ExecResult{Command: strings.Repeat("x", 100), Stdout: "out"}, 50)
	if m.GetStdout() != "" || !m.GetStdoutTruncated() {
		t.Errorf("got %v", m)
	}
}

// TestTimes has times of files that a sandbox may give them, and that no message can.
func TestTimes(t *testing.T) {
	for _, at := range []time.Time{time.Unix(1<<40, 0), time.Unix(-1<<40, 0), time.Unix(253402300799, 999999999), time.Unix(0, 0)} {
		m := &sandboxv1.ListFilesResponse{Files: wire.FilesTo([]sandbox.FileInfo{{Path: "/a", ModTime: at}})}
		if _, err := protojson.Marshal(m); err != nil {
			t.Errorf("%v: %v", at, err)
		}
		got := wire.FilesFrom(m.GetFiles())[0].ModTime
		if at.Year() > 0 && at.Year() < 10000 && !got.Equal(at) || at.Unix() > 0 != (got.Unix() > 0) && at.Unix() != 0 {
			t.Errorf("%v became %v", at, got)
		}
	}
}
