// SPDX-License-Identifier: MIT

//go:build !linux

package sandbox

import "syscall"

// signalName is the text of a signal: "killed".
func signalName(n int) string { return syscall.Signal(n).String() }
