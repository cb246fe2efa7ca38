// SPDX-License-Identifier: MIT

package fsguardtest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox/fsguard/fsguardtest"
	"github.com/sandbox-rls/sandbox/internal/oracle"
)

// TestCompare sees to it that a sandbox which answers, leaves or reports something
// else is found out, whatever it is.
func TestCompare(t *testing.T) {
	for i := range uint64(20) {
		c := oracle.Random(11, i, "", false)
		want := c.Expect()
		tree := strings.Join(want.Tree, "\n")
		if d := fsguardtest.Compare(c, answers(want), tree); d != "" {
			t.Fatalf("case %d differs from itself: %s", i, d)
		}
		for j, r := range want.Results {
			if r == oracle.Unknown {
				continue
			}
			wrong := answers(want)
			wrong.Results[j] = "EIO"
			if fsguardtest.Compare(c, wrong, tree) == "" {
				t.Errorf("case %d: operation %d may fail", i, j)
			}
		}
		for j := range want.Tree {
			less := slices.Delete(slices.Clone(want.Tree), j, j+1)
			if fsguardtest.Compare(c, answers(want), strings.Join(less, "\n")) == "" {
				t.Errorf("case %d: %s may be missing", i, want.Tree[j])
			}
		}
		if fsguardtest.Compare(c, answers(want), tree+"\n/more: dir 755") == "" {
			t.Errorf("case %d: there may be more", i)
		}
		wrong := answers(want)
		wrong.Changes = append(wrong.Changes, "/more added dir 755")
		if fsguardtest.Compare(c, wrong, tree) == "" {
			t.Errorf("case %d: there may be another change", i)
		}
	}
}

// answers are those of a sandbox that does what is expected.
func answers(o oracle.Outcome) oracle.Outcome {
	o.Results, o.Changes = slices.Clone(o.Results), slices.Clone(o.Changes)
	for i, r := range o.Results {
		o.Results[i], _, _ = strings.Cut(r, "|")
	}
	return o
}
