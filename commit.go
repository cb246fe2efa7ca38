// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/sandbox-rls/sandbox/internal/commit"
	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/engine"
)

// CommitOptions say what Commit carries over, and what it does about conflicts.
type CommitOptions struct {
	// Paths restricts it to these paths of the workspace and what lies beneath
	// them. Empty: all.
	Paths []string `json:"paths,omitempty"`
	// Dir is another directory of this machine to change, instead of what the
	// sandbox was made of. It must be what that was when the sandbox began, as far
	// as the changes go. What is committed to it stays a change of the sandbox.
	Dir string `json:"dir,omitempty"`
	// Expect, unless it is nil, are the only changes that are carried over: those that
	// somebody has looked at, whatever commands write meanwhile. One that is another by now
	// fails: of another type, permission or size, or holding something else than its
	// Checksum says, if it has one. Of what is deleted it is not compared what it was. A
	// directory that goes from a codebase goes with all beneath it; from a directory
	// only when all beneath it is expected to go.
	Expect []Change `json:"expect,omitzero"`
	// DryRun changes nothing and reports what would be done.
	DryRun bool `json:"dry_run,omitempty"`
	// Partial carries over what has no conflict when something else has one.
	Partial bool `json:"partial,omitempty"`
	// Overwrite lets what somebody else has changed be overwritten. A directory that
	// holds files which the sandbox did not delete is not removed all the same.
	Overwrite bool `json:"overwrite,omitempty"`
}

// Validate reports what makes no sense, as ErrInvalid.
func (o *CommitOptions) Validate() error {
	if strings.ContainsRune(o.Dir+strings.Join(o.Paths, ""), 0) {
		return invalidf("a NUL byte in a path")
	}
	seen := map[string]bool{}
	for i := range o.Expect {
		c := &o.Expect[i]
		p := changedPath(c.Path)
		switch sum, err := hex.DecodeString(c.Checksum); {
		case strings.ContainsRune(p, 0):
			return invalidf("a NUL byte in a path")
		case seen[p]:
			return invalidf("%q is expected twice", c.Path)
		case c.Checksum != "" && (err != nil || len(sum) != sha256.Size):
			return invalidf("%q: %.80q is no SHA-256 in hexadecimal", c.Path, c.Checksum)
		case !slices.Contains(kinds, c.Kind):
			return invalidf("%q: %.80q is no kind of change", c.Path, c.Kind)
		}
		seen[p] = true
	}
	return nil
}

// expected are the changes that are expected, by their paths; nil: any.
func (o *CommitOptions) expected() map[string]*delta.Change {
	if o.Expect == nil {
		return nil
	}
	m := map[string]*delta.Change{}
	for i := range o.Expect {
		c := &o.Expect[i]
		p := changedPath(c.Path)
		m[p] = &delta.Change{Path: p, Kind: delta.Kind(slices.Index(kinds, c.Kind)), Mode: c.Mode, Size: c.Size, Checksum: strings.ToLower(c.Checksum)}
	}
	return m
}

// changedPath is the path of a change, as Changes has it.
func changedPath(p string) string { return path.Clean("/" + p) }

// CommitItem is what became of one change.
type CommitItem struct {
	Path string     `json:"path"` // "/a/b"
	Kind ChangeKind `json:"kind"`
	// Reason says why, of all but those that were applied or are unchanged.
	Reason string `json:"reason,omitempty"`
}

// CommitReport is what became of all changes, each list sorted by path.
type CommitReport struct {
	// Applied are the changes that were carried over, or, in a dry run, would be.
	Applied []CommitItem `json:"applied,omitempty"`
	// Unchanged are those that are there already.
	Unchanged []CommitItem `json:"unchanged,omitempty"`
	// Conflicts are those of what somebody else has changed.
	Conflicts []CommitItem `json:"conflicts,omitempty"`
	// Denied are those that the rules do not allow.
	Denied []CommitItem `json:"denied,omitempty"`
	// Skipped are FIFOs, sockets and devices, which are not carried over, and, to a
	// codebase, what has a path of more than 4,096 bytes.
	Skipped []CommitItem `json:"skipped,omitempty"`
	// Failed are those that could not be read, or were changed meanwhile.
	Failed []CommitItem `json:"failed,omitempty"`
	// Left are those that could not be taken back when the commit was given up in the
	// middle: they are applied, although the commit failed.
	Left []CommitItem `json:"left,omitempty"`
}

// Commit carries changes over, as DeltaService says.
func (m *Manager) Commit(ctx context.Context, sandboxID string, opts CommitOptions) (report *CommitReport, err error) {
	_, err = m.change("commit", sandboxID, func(s *resident) (err error) {
		report, err = s.commit(ctx, opts)
		return err
	})
	return report, err
}

func (s *resident) commit(ctx context.Context, opts CommitOptions) (*CommitReport, error) {
	if err := opts.Validate(); err != nil {
		return nil, s.fail("commit", "", err)
	}
	if opts.Dir != "" {
		dir, err := checkDir(opts.Dir)
		if err != nil {
			return nil, s.fail("commit", opts.Dir, err)
		}
		opts.Dir = dir
	}
	done, err := s.begin(ctx) // one commit of a sandbox at a time
	if err != nil {
		return nil, s.fail("commit", "", err)
	}
	defer done()
	w, err := s.tree(ctx)
	if err != nil {
		return nil, s.fail("commit", "", err)
	}
	found, err := w.Commit(ctx, engine.CommitOptions{
		Journal: s.manager.journal, Target: opts.Dir, Only: under(opts.Paths), Above: above(opts.Paths), Expect: opts.expected(),
		DryRun: opts.DryRun, Partial: opts.Partial, Overwrite: opts.Overwrite,
	})
	var report *CommitReport
	if found != nil {
		report = reportOf(found)
	}
	var stored error
	if found != nil && !opts.DryRun {
		stored = s.save() // also when not all could be noted of what is committed
	}
	if err != nil {
		return report, s.fail("commit", opts.Dir, kindOf(err))
	}
	if stored != nil {
		return report, stored
	}
	if n := len(report.Conflicts) + len(report.Failed); n > 0 && !opts.DryRun && !opts.Partial {
		first, more := append(report.Conflicts, report.Failed...)[0], ""
		if n > 1 {
			more = fmt.Sprintf(" (and %d more)", n-1)
		}
		return report, s.fail("commit", first.Path, fmt.Errorf("%w: %s%s: nothing was committed; "+
			"look at the report, and ask for Partial or Overwrite", ErrConflict, first.Reason, more))
	}
	return report, nil
}

func reportOf(r *commit.Report) *CommitReport {
	return &CommitReport{
		Applied: items(r.Applied), Unchanged: items(r.Unchanged), Conflicts: items(r.Conflicts),
		Denied: items(r.Denied), Skipped: items(r.Skipped), Failed: items(r.Failed), Left: items(r.Left),
	}
}

func items(found []commit.Item) []CommitItem {
	var list []CommitItem
	for _, f := range found {
		list = append(list, CommitItem{Path: f.Path, Kind: kinds[f.Kind], Reason: f.Reason})
	}
	return list
}

// finishCommits finishes or undoes the commits in the middle of which an earlier
// process has died.
func (m *Manager) finishCommits() error {
	journal, err := m.engine.Metadata().Journal("commits")
	if err != nil {
		return err
	}
	m.journal = journal
	done, err := commit.Recover(context.Background(), journal)
	for _, r := range done {
		m.logger.Warn("commit of a process that has died", "target", r.Target, "outcome", r.Outcome, "error", r.Err)
		if r.Err != nil {
			err = errors.Join(err, fmt.Errorf("commit to %s: %w", r.Target, r.Err))
		}
	}
	if err != nil {
		m.logger.Error("a commit could be neither finished nor undone; it is tried again at the next start", "error", err)
	}
	return nil
}
