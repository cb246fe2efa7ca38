// SPDX-License-Identifier: MIT

// Package codebase stores codebases: versioned sets of files from which
// sandboxes are started.
//
// A database says what a codebase holds, and its transactions are the only
// moments at which that changes. The content of each regular file is an object
// of its own on disk, written before the transaction that names it, never
// changed after it, and carrying the mode, the time and the owner that the file
// has in a sandbox: a checkout, which is what overlayfs mounts, is made of hard
// links to them. Directories and symbolic links stand in the database alone, and
// no link is ever followed.
//
// Each change makes a new version of the codebase, and a file knows the version
// that wrote it. What a sandbox changed is folded in by Store.Apply, under which
// the newest writer of a path wins.
//
// On disk, beneath the directory of the store:
//
//	ID/objects/N/M     the object of number N*1000+M
//	ID/tmp             objects of writes that are going on
//	ID/checkouts/V     the whole of version V
//	ID/checkouts/B-V   what differs between the versions B and V
package codebase
