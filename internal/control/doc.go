// SPDX-License-Identifier: MIT

// Package control is what a sandbox's owner and its init say to each other:
// messages over one SOCK_SEQPACKET socket, with files attached where they need
// them. Whatever runs in the sandbox may have taken over its init, so that the
// owner's side parses every message as untrusted input.
package control
