// SPDX-License-Identifier: MIT

//go:build !linux

package probe

import (
	"os"
	"runtime"
)

// Gather tells which system this is.
func Gather() *Facts {
	f := &Facts{OS: runtime.GOOS, Arch: runtime.GOARCH, UID: os.Geteuid()}
	f.Program, _ = os.Executable()
	return f
}
