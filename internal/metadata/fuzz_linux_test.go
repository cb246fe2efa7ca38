// SPDX-License-Identifier: MIT

package metadata_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sandbox-rls/sandbox/internal/metadata"
)

// FuzzFile writes anything anywhere into a file of metadata, and has its first pages
// be right about it, if asked. Either it is not opened, or all of it can be read and
// changed.
func FuzzFile(f *testing.F) {
	whole := filled(f)
	page := func(n int) []byte { return whole[4096*n : 4096*n+64] }
	f.Add(uint32(0), []byte{}, false)
	f.Add(uint32(16+16), []byte{3}, true)                      // another root
	f.Add(uint32(16+32), []byte{2, 0, 0, 0, 0, 0, 0, 0}, true) // the first list of free pages
	f.Add(uint32(16+40), []byte{0, 0, 1}, true)                // a later end
	f.Add(uint32(4096+16+48), []byte{0xff}, true)              // a later transaction
	for n := 2; n < len(whole)/4096; n += 3 {
		f.Add(uint32(4096*n), page(n-1), false)
		f.Add(uint32(4096*n+16), []byte{0xff, 0xff, 0xff, 0xff}, false)
	}
	dir := f.TempDir()
	path := filepath.Join(dir, "state.db")
	f.Fuzz(func(t *testing.T, at uint32, patch []byte, sum bool) {
		b := append([]byte(nil), whole...)
		copy(b[int(at)%len(b):], patch)
		for _, first := range []int{0, 4096} {
			copy(b[first:first+16], whole[first:]) // at which bbolt does not look
		}
		if sum {
			sign(b)
		}
		must(t, os.RemoveAll(path)) // the disk waits for what is cut off and written anew
		must(t, os.WriteFile(path, b, 0o600))
		s, err := metadata.Open(dir)
		if err != nil {
			return
		}
		use(t, s)
	})
}
