// SPDX-License-Identifier: MIT

// Package spawner forks the inits of sandboxes in a small process of its own.
//
// A process in a new user namespace cannot be made by package syscall without
// a copy of its parent's page tables. In the owner, whose memory may be large,
// that takes longer than all the rest of a start; in the spawner, which holds
// next to nothing, it takes no time that could be noticed. The spawner itself is
// a child of the owner in the same namespaces, and shares the owner's memory
// until it executes.
//
// The program re-executes itself as the spawner, as it does for the inits:
// importing the package is enough. The spawner is trusted as its owner is. It
// listens to its owner alone, never to a sandbox, and holds none of the owner's
// files, environment or terminal.
//
// # Whoever dies, nothing is left
//
// The inits are children of the spawner, whose one forking thread they have as
// the sender of their parent-death signal (PR_SET_PDEATHSIG of prctl(2)). It is
// set before an init executes anything, and the owner gets to know of the init
// from that very thread, afterwards: no sandbox begins whose init would outlive
// the spawner. An init that the owner does not get to know of finds its control
// socket closed and ends.
//
// When the owner dies the spawner ends, by a parent-death signal and, where that
// was lost because the program's file has capabilities, by the end of its socket.
// When the spawner alone dies, the owner kills what the signal spared.
package spawner
