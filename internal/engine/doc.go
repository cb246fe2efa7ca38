// SPDX-License-Identifier: MIT

// Package engine puts a sandbox together: the view of its workspace, from a
// snapshot or from the directory itself; its processes, by a runtime; and the
// guard at its door.
package engine
