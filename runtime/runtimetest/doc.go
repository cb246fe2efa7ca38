// SPDX-License-Identifier: MIT

// Package runtimetest is the acceptance suite of runtimes: what every
// [runtime.Runtime] promises to a sandbox's owner, and what it keeps from the
// commands in it.
//
// The suite starts its test binary anew, in order to kill an owner, so that
// Run belongs at the top of a test function, not in a subtest.
package runtimetest
