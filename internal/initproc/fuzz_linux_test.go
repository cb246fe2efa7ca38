// SPDX-License-Identifier: MIT

package initproc

import (
	"fmt"
	"testing"
)

// FuzzParseStat has names of any bytes, and whatever else may be read.
func FuzzParseStat(f *testing.F) {
	f.Add([]byte("1 (sh) S 0 1 1"), "sh", 7)
	f.Add([]byte("1 (a) R 5) S"), ") S 3 (", 0)
	f.Add([]byte(""), "\xff\n", 1<<30)
	f.Fuzz(func(t *testing.T, data []byte, name string, parent int) {
		if got, ok := parseStat(data); ok && got < 0 {
			t.Errorf("%q is taken: %d", data, got)
		}
		if parent < 0 {
			return
		}
		line := fmt.Appendf(nil, "17 (%s) S %d 17 17 0 -1\n", name, parent)
		if got, ok := parseStat(line); !ok || got != parent {
			t.Errorf("%q: %d, %v", line, got, ok)
		}
	})
}
