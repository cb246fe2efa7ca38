// SPDX-License-Identifier: MIT

// Package control is what a sandbox's owner says to its init and to the spawner
// that forks the inits, and they to it: messages over SOCK_SEQPACKET sockets,
// with files attached where they need them. Whatever runs in the sandbox may
// have taken over its init, so that the owner's side parses every message as
// untrusted input.
package control
