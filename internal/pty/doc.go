// SPDX-License-Identifier: MIT

// Package pty opens pseudo-terminals of a sandbox: those of its own devpts, so
// that a command finds its terminal at the path that ttyname(3) says.
package pty

// Size is that of a terminal, in characters. Zero is 24 by 80.
type Size struct {
	Rows uint16 `json:"rows"`
	Cols uint16 `json:"cols"`
}
