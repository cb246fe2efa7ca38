// SPDX-License-Identifier: MIT

package wire_test

import (
	"testing"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/internal/wire"
)

// Output that is no text needs more room than its length says.
func TestOutputThatIsNoTextIsWhole(t *testing.T) {
	for _, r := range []sandbox.ExecResult{
		{Stdout: "a\xff"}, {Stderr: "\xff\xfe"}, {Stdout: "a\xff", Stderr: "b"}, {Stdout: "a", Stderr: "b\xffc\xff"}, {Stdout: "\xffa", Stderr: "\xffb"},
	} {
		got := wire.ResultFrom(wire.ResultTo(&r, 1000))
		if got.Stdout != r.Stdout || got.Stderr != r.Stderr || got.StdoutTruncated || got.StderrTruncated {
			t.Errorf("%q, %q: got %q, %q, truncated %v, %v", r.Stdout, r.Stderr, got.Stdout, got.Stderr, got.StdoutTruncated, got.StderrTruncated)
		}
	}
}
