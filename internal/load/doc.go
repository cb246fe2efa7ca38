// SPDX-License-Identifier: MIT

// Package load holds tests with many sandboxes, much work in them, and many of
// them one after the other. They are small, so that they can be run with all others,
// unless SANDBOX_LOAD is set; a machine that is too slow for 10,000 sandboxes in a
// row then does fewer of them, unless SANDBOX_SOAK is set.
package load
