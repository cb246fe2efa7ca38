// SPDX-License-Identifier: MIT

package engine

import "testing"

func TestIsTemporary(t *testing.T) {
	for name, want := range map[string]bool{
		".sandbox-1a.tmp":     true,
		".sandbox-0.tmp":      true,
		".sandbox-.tmp":       false,
		".sandbox-tmp":        false,
		".sandbox-1A.tmp":     false,
		".sandbox-1.2.tmp":    false,
		".sandbox-1.tmp.tmp":  false,
		".sandbox-1.tmp\n":    false,
		"x.sandbox-1.tmp":     false,
		".sandbox-1.tmpx":     false,
		".sandbox-1/2.tmp":    false,
		".sandbox-\u00e9.tmp": false,
	} {
		if got := isTemporary(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}
