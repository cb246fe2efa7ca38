// SPDX-License-Identifier: MIT

package idrange_test

import (
	"math/big"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox/internal/idrange"
)

// FuzzInMap compares with a calculation in numbers of any size.
func FuzzInMap(f *testing.F) {
	for _, s := range []string{
		"0 0 4294967295\n", "1879048192 0 65536", "1879048193 0 65536", "0 1 2\n1879048191 5 65537\n",
		"-9223372036854775808 0 9223372036854775807", "1 0 9223372036854775807\n", "a b c\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, uidMap string) {
		want := false
		for line := range strings.Lines(uidMap) {
			if f := strings.Fields(line); len(f) == 3 {
				want = want || holds(f[0], f[2])
			}
		}
		if got := idrange.InMap(uidMap); got != want {
			t.Errorf("%q: %v", uidMap, got)
		}
	})
}

func holds(first, count string) bool {
	from, ok := new(big.Int).SetString(first, 10)
	n, ok2 := new(big.Int).SetString(count, 10)
	if !ok || !ok2 || from.Sign() < 0 || n.Sign() < 0 || from.BitLen() > 32 || n.BitLen() > 32 || strings.ContainsAny(first+count, "+-_") {
		return false // the kernel's numbers have 32 bits
	}
	end := new(big.Int).Add(from, n)
	return from.Cmp(big.NewInt(idrange.Base)) <= 0 && end.Cmp(big.NewInt(idrange.Base+idrange.Count)) >= 0
}
