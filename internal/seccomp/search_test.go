// SPDX-License-Identifier: MIT

package seccomp_test

import (
	"slices"
	"testing"

	"github.com/sandbox-rls/sandbox/internal/seccomp"
)

// TestLongJumps searches a table larger than a conditional jump reaches, which
// today's policy is not.
func TestLongJumps(t *testing.T) {
	for _, size := range []int{1, 2, 127, 128, 129, 255, 256, 257, 258, 1300} {
		first := make([]uint32, size)
		verdicts := make([]seccomp.Verdict, size)
		for i := range first {
			first[i] = uint32(3 * i)
			verdicts[i].Otherwise.Errno = seccomp.Errno(i + 1)
		}
		p, err := seccomp.Search(first, verdicts)
		if err != nil {
			t.Fatal(err)
		}
		long := slices.ContainsFunc(p, func(in seccomp.Instruction) bool { return in.Code == 5 })
		if long != (size > 257) {
			t.Errorf("%d spans: long jumps: %v", size, long)
		}
		m := newMachine(t, p)
		for nr := range uint32(3*size + 10) {
			want := seccomp.RetErrno | (min(nr/3, uint32(size-1)) + 1)
			if got := m.run(t, 0, nr, [6]uint64{}); got != want {
				t.Fatalf("%d spans, number %d: %#x, want %#x", size, nr, got, want)
			}
		}
	}
}
