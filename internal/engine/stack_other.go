// SPDX-License-Identifier: MIT

//go:build !linux

package engine

// stacked is about overlayfs, which only Linux has.
func stacked(string) bool { return false }
