// SPDX-License-Identifier: MIT

// Package thread runs what cannot be undone on a thread that nothing else uses.
package thread
