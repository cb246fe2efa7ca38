// SPDX-License-Identifier: MIT

// Package delta finds what a sandbox changed, from the upper directory of its
// overlay. What lies there was written by code that nobody trusts.
package delta
