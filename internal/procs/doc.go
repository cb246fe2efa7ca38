// SPDX-License-Identifier: MIT

// Package procs tells how many processes a sandbox has.
package procs

// isProcess reports whether a name in /proc is the number of a process that is
// not the init.
func isProcess(name string) bool {
	for _, c := range name {
		if c < '0' || c > '9' {
			return false
		}
	}
	return name != "" && name != "1"
}
