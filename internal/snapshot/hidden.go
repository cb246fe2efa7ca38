// SPDX-License-Identifier: MIT

package snapshot

import (
	"os"
	"path/filepath"
	"strings"
)

// hiddenName is the list of what a snapshot leaves out, beside the copy: paths,
// each with a NUL byte after it.
const hiddenName = "hidden"

func writeHidden(dir string, paths []string) error {
	var b strings.Builder
	for _, p := range paths {
		b.WriteString(p)
		b.WriteByte(0)
	}
	return os.WriteFile(filepath.Join(dir, hiddenName), []byte(b.String()), 0o600)
}

// Hidden returns Plan.Hidden of the plan under which the snapshot was taken, also
// when an earlier process has taken it.
func (s *Snapshot) Hidden() ([]string, error) {
	data, err := os.ReadFile(filepath.Join(filepath.Dir(s.Dir), hiddenName))
	if err != nil || len(data) == 0 {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(string(data), "\x00"), "\x00"), nil
}
