// SPDX-License-Identifier: MIT

// Package reexec has what a process needs that is the program, executed again to be
// something else: the init of a sandbox, or a helper of the owner. It does nothing by itself.
package reexec

// Environ is the environment of such a process. As many Ps as are named are enough for what
// it does, and keep its memory small.
func Environ(procs string) []string {
	return []string{"GOMAXPROCS=" + procs, "GOTRACEBACK=none"}
}
