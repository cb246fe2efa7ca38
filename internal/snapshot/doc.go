// SPDX-License-Identifier: MIT

// Package snapshot makes immutable copies of a directory that hold exactly
// what a policy lets a sandbox see, and shares them: a directory that did not
// change is not copied again, and a file that did not change is a hard link.
package snapshot
