// SPDX-License-Identifier: MIT

//go:build !linux

package tree

import "os"

// Remove removes dir and all beneath it.
func Remove(dir string) error { return os.RemoveAll(dir) }
