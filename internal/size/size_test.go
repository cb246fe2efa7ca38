// SPDX-License-Identifier: MIT

package size_test

import (
	"testing"

	"github.com/sandbox-rls/sandbox/internal/size"
)

func TestSet(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "17": 17, "1K": 1 << 10, "64M": 64 << 20, "2g": 2 << 30, "1T": 1 << 40, "5MiB": 5 << 20, "5MB": 5 << 20, " 3 ": 3, "7B": 7, "1536": 1536,
		"": -1, "M": -1, "-1": -1, "1.5G": -1, "9999999999T": -1, "8388608T": -1, "x": -1, "1P": -1,
	} {
		var s size.Size
		switch err := s.Set(text); {
		case want < 0 && err == nil:
			t.Errorf("%q is %d", text, s)
		case want >= 0 && (err != nil || int64(s) != want):
			t.Errorf("%q is %d, %v; want %d", text, s, err, want)
		case want > 0:
			var again size.Size
			if err := again.Set(s.String()); err != nil || again != s {
				t.Errorf("%q is written %q", text, s.String())
			}
		}
	}
}
