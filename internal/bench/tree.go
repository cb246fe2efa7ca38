// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// filesPerDir is how wide the trees are.
const filesPerDir = 20

// makeTree makes a tree of n files of some ten bytes in directories of twenty,
// three levels deep. One file in 500 is a key, which agent-safe hides, so that
// there is something to mask.
func makeTree(dir string, n int) error {
	if err := os.MkdirAll(filepath.Join(dir, "output"), 0o755); err != nil {
		return err
	}
	for i := range n {
		d := i / filesPerDir
		parent := filepath.Join(dir, "src", fmt.Sprintf("m%03d", d/filesPerDir), fmt.Sprintf("p%02d", d%filesPerDir))
		if i%filesPerDir == 0 {
			if err := os.MkdirAll(parent, 0o755); err != nil {
				return err
			}
		}
		name := fmt.Sprintf("file%d.go", i)
		if i%500 == 7 {
			name = fmt.Sprintf("deploy%d.key", i)
		}
		if err := os.WriteFile(filepath.Join(parent, name), fmt.Appendf(nil, "text %d\n", i), 0o644); err != nil {
			return err
		}
	}
	return nil
}
