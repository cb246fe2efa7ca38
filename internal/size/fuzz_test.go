// SPDX-License-Identifier: MIT

package size_test

import (
	"testing"

	"github.com/sandbox-rls/sandbox/internal/size"
)

// FuzzSet asks that what is taken is no negative size, and that its text is taken
// for the same.
func FuzzSet(f *testing.F) {
	for _, s := range []string{"", "0", "1k", "16G", "8191PiB", "8388607T", "8388608T", "-1", "+5", " 7 MiB ", "1bb", "KB"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var s, again size.Size
		if s.Set(text) != nil {
			if s != 0 {
				t.Errorf("%q was refused and is %d", text, s)
			}
			return
		}
		if s < 0 {
			t.Errorf("%q is %d", text, s)
		}
		if s == 0 {
			return // whose text is empty
		}
		if err := again.Set(s.String()); err != nil || again != s {
			t.Errorf("%q is %d, which is %q, which is %d, %v", text, s, s.String(), again, err)
		}
	})
}
