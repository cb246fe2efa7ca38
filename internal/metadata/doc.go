// SPDX-License-Identifier: MIT

// Package metadata keeps what a process knows of its sandboxes and codebases in
// one bbolt file of its state directory, whose transactions are what makes an
// operation done.
package metadata
