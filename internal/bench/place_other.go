// SPDX-License-Identifier: MIT

//go:build !linux

package main

import "os"

// place is where the benchmarks work unless they are told.
func place() string { return os.TempDir() }
