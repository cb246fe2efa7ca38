// SPDX-License-Identifier: MIT

// Package native runs sandboxes by namespaces alone: no daemon, no external
// program, no root. It needs Linux 5.19 or later with user namespaces.
//
// Run as root, it maps a range of unused user numbers, so that nothing in a
// sandbox is the host's root or any user of the host.
package native
