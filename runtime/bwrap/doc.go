// SPDX-License-Identifier: MIT

// Package bwrap runs sandboxes by bubblewrap (https://github.com/containers/bubblewrap),
// the program bwrap of this machine. It is for those whose rules say that nothing else
// may build sandboxes: what a sandbox is like inside, and what the guard holds it
// to, is the same as with package native, which starts faster and needs no program.
//
// On a machine without bwrap the sandboxes are native, and say so.
package bwrap
