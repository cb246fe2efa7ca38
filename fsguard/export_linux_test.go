// SPDX-License-Identifier: MIT

package fsguard

import "testing"

// KeepTogether has all hand-overs but the first of a worker kept on one core.
func KeepTogether(t *testing.T) {
	before := apart
	t.Cleanup(func() { apart = before })
	apart = 0
}
