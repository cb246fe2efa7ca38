// SPDX-License-Identifier: MIT

// Package tree lists a directory tree and reaches into it by directory
// descriptors only, so that paths longer than PATH_MAX work and no symbolic
// link is ever followed beneath the root.
package tree
