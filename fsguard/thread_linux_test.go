// SPDX-License-Identifier: MIT

package fsguard_test

import (
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/sandbox-rls/sandbox/fsguard"
)

// TestFirstThread makes so many guards at once that Go would have one of them try out
// the sandbox's user on the first thread. That one cannot end, and is what
// /proc/self tells of: it stays as it was.
func TestFirstThread(t *testing.T) {
	status := func() string {
		data, err := os.ReadFile("/proc/self/status")
		if err != nil {
			t.Fatal(err)
		}
		var kept []string
		for line := range strings.Lines(string(data)) {
			if name, _, _ := strings.Cut(line, ":"); strings.HasPrefix(name, "Cap") || name == "Uid" || name == "Gid" || name == "Umask" {
				kept = append(kept, line)
			}
		}
		return strings.Join(kept, "")
	}
	who := fsguard.Identity{UID: -1, GID: -1}
	if os.Geteuid() == 0 {
		who = fsguard.Identity{UID: 54321, GID: 54321}
	}
	before := status()
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for range 20 {
				g, err := fsguard.NewGuard(who)
				if err != nil {
					t.Error(err)
					return
				}
				if err := g.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if after := status(); after != before {
		t.Errorf("the first thread was\n%sand is\n%s", before, after)
	}
}
