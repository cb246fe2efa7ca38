// SPDX-License-Identifier: MIT

package snapshot

import (
	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/copyfile"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// ErrChanged is the error of a file that was written to each time it was copied.
var ErrChanged = copyfile.ErrChanged

// ErrSpecial is the problem of a device, FIFO or socket, which are not copied.
var ErrSpecial = copyfile.ErrSpecial

// Snapshot is an immutable copy of what is visible of a directory. It is
// shared: nothing in it, on disk or in memory, may be changed.
type Snapshot struct {
	// ID names the snapshot in its store.
	ID string
	// Dir is the copy's root on disk.
	Dir string
	// Tree lists the copy as it is on disk; nil of one that was loaded. Its change times may get older
	// than those on disk, since files are linked into later snapshots.
	Tree *tree.Tree
	// Plan is that of the source under the policy; nil without a policy.
	Plan *fsguard.Plan
	// Skipped are visible files that are not in the copy: special ones and
	// those that could not be read. Paths are those of the tree.
	Skipped []tree.Problem
}
