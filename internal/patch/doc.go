// SPDX-License-Identifier: MIT

// Package patch writes changes of files as git does, so that people can read
// them, and git-apply(1) and patch(1) can take them.
//
// What it writes about may come from code that nobody trusts: names are quoted
// where they could be taken for something else, and the time and memory that
// it takes grow with the files, whatever they hold.
package patch
