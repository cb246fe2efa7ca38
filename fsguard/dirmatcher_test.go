// SPDX-License-Identifier: MIT

package fsguard_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox/fsguard"
)

// TestDeepDirectory has a rule that speaks of a directory as deep as one can be: to go
// there takes memory for each directory on the way, but not for each and all above it.
func TestDeepDirectory(t *testing.T) {
	deep := strings.Repeat("/a", 2000)
	p := compile(t, fsguard.Rule{Pattern: deep + "/*.x", Permission: write})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	d := p.Dir(deep)
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 2<<20 {
		t.Errorf("it took %d bytes", n)
	}
	if _, hi := d.Beneath(); hi != write || d.Level("b.x") != write || d.Level("b") != fsguard.None {
		t.Errorf("at most %v, and %v", hi, d.Level("b.x"))
	}
}
