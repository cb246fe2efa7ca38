// SPDX-License-Identifier: MIT

// Package launch is what the runtimes have in common whose sandboxes are made of
// namespaces by an init of ours: it plans the root, has the first process forked,
// hands it its orders, and is the owner's side of the init afterwards. What
// sets such runtimes apart is the way from that first process to the init, see [Route].
package launch
