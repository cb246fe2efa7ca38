// SPDX-License-Identifier: MIT

// Package wire turns what the library speaks of into the messages of the
// protocol, and back; both the server and its client stand on it.
package wire
