// SPDX-License-Identifier: MIT

package fsguardtest

import "testing"

// recent tests that the newest of the calls that change something are there. The
// rest of the suite makes do with what a C library does without them.
func (s suite) recent(t *testing.T) {
	if s.foreign {
		t.Skip("the sandbox has another filter as well")
	}
	s.box(t, s.newSource(t)).expect(script{do("fchmodat2, itself", "@"+probePath)}.substitute(Workspace), "EROFS")
}
