// SPDX-License-Identifier: MIT

// Package probe finds out what the kernel lets this process do, by doing it: in
// a throw-away child, which is the program executed again, so that nothing of
// the process itself is changed. It gathers facts and judges none of them.
package probe
