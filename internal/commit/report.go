// SPDX-License-Identifier: MIT

package commit

import "github.com/sandbox-rls/sandbox/internal/delta"

// Item is what became of one change.
type Item struct {
	Path   string
	Kind   delta.Kind
	Reason string // why, in words; empty when it was applied or is as it should be
	// Now is what stands at the path after it was applied, or was found there of
	// what is unchanged; nil when nothing does, and of what a dry run would apply.
	// Known takes it.
	Now *Stamp
}

// Report is what became of all changes, each list in tree order.
type Report struct {
	// Applied are the changes that were carried over; in a dry run those that
	// would be.
	Applied []Item
	// Conflicts are those whose target is not what the sandbox began with.
	// When there are any, nothing is applied unless asked for.
	Conflicts []Item
	// Denied are those that Allow refused.
	Denied []Item
	// Unchanged are those that the target has already.
	Unchanged []Item
	// Skipped are what cannot be committed: FIFOs, sockets, devices, and
	// names that are reserved for commits.
	Skipped []Item
	// Failed are those that could not be read, or are no longer what they were
	// when the changes were listed. As with Conflicts, nothing is applied then
	// unless Partial is set.
	Failed []Item
	// RolledBack says that steps were done and taken back again.
	RolledBack bool
	// Restored are paths from which steps were taken back, where what was judged stands
	// again, if with another change time. Known takes them.
	Restored []Item
	// Left are steps that could not be taken back, or that left something
	// behind: the reason says what and where.
	Left []Item
}

// Outcome says what Recover did with a commit.
type Outcome string

// The outcomes.
const (
	// Undone: the target is as before the commit.
	Undone Outcome = "undone"
	// Finished: the target is as after it.
	Finished Outcome = "finished"
	// Dropped: the target is gone, or another directory is in its place.
	Dropped Outcome = "dropped"
	// Unsettled: Err says why the commit could be neither finished nor undone. It
	// stays in the journal.
	Unsettled Outcome = "unsettled"
)

// Recovery is what became of a commit that a crash had interrupted.
type Recovery struct {
	ID      string
	Target  string
	Outcome Outcome
	Report  *Report // nil where no step had been done
	Err     error
}
