// SPDX-License-Identifier: MIT

package sandbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sandbox-rls/sandbox/internal/engine"
	"github.com/sandbox-rls/sandbox/internal/metadata"
)

// sandboxRecord is what a manager keeps of a sandbox in its metadata.
type sandboxRecord struct {
	Info        Info          `json:"info"`
	BestEffort  bool          `json:"best_effort,omitempty"`
	OutputLimit int64         `json:"output_limit"`
	Origin      engine.Origin `json:"origin"`
	Checkpoints []Checkpoint  `json:"checkpoints,omitempty"`

	killed bool // it was running when its process died
}

// row is the sandboxRecord as a row, in the group of its codebase.
func (r *sandboxRecord) row() (metadata.Row, error) {
	doc, err := json.Marshal(r)
	row := metadata.Row{ID: r.Info.ID, Group: r.Info.CodebaseID, Labels: r.Info.Labels, Doc: doc}
	if r.Info.OwnerID != "" {
		row.Labels = withOwner(row.Labels, r.Info.OwnerID)
	}
	return row, err
}

// ownerLabel is the label by which a row has its owner. No caller's label begins
// with a NUL byte.
const ownerLabel = "\x00owner"

// withOwner adds the owner to labels.
func withOwner(labels map[string]string, owner string) map[string]string {
	all := make(map[string]string, len(labels)+1)
	maps.Copy(all, labels)
	all[ownerLabel] = owner
	return all
}

// keeps reports whether a checkpoint is one of the sandbox.
func (r *sandboxRecord) keeps(checkpoint string) bool {
	return slices.ContainsFunc(r.Checkpoints, func(c Checkpoint) bool { return c.ID == checkpoint })
}

// deadline is when the sandbox, which does not run, is to be destroyed.
func (r *sandboxRecord) deadline() time.Time {
	due := r.Info.Expires
	if r.Info.IdleTimeout == 0 {
		return due
	}
	since := r.Info.Stopped
	if since.IsZero() {
		since = r.Info.Created
	}
	if idle := since.Add(r.Info.IdleTimeout); due.IsZero() || idle.Before(due) {
		due = idle
	}
	return due
}

// recordOf reads a row. A sandbox that was running when its process died is
// stopped: since it was opened again, as far as anybody knows.
func recordOf(row metadata.Row, opened time.Time) (r sandboxRecord, err error) {
	if err := json.Unmarshal(row.Doc, &r); err != nil {
		return r, fmt.Errorf("the record of sandbox %s is damaged: %w", row.ID, err)
	}
	r.Info.ID, r.Info.Parked, r.Info.Enforced, r.Info.Reason = row.ID, false, nil, ""
	if r.killed = r.Info.Status == StatusRunning; r.killed || r.Info.Status == StatusError {
		r.Info.Status, r.Info.Stopped = StatusStopped, opened
	}
	return r, nil
}
