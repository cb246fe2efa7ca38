// SPDX-License-Identifier: MIT

package wire

import (
	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
)

// ChangesTo turns changes into messages.
func ChangesTo(changes []sandbox.Change) []*sandboxv1.Change {
	list := make([]*sandboxv1.Change, 0, len(changes))
	for _, c := range changes {
		p := PathTo(c.Path)
		list = append(list, &sandboxv1.Change{
			Path: text(p), PathBytes: odd(p), Kind: kinds.to(c.Kind), Mode: modeTo(c.Mode), Size: c.Size,
			OldMode: oldModeTo(c.OldMode, c.Kind != sandbox.Added), OldSize: c.OldSize, Checksum: c.Checksum,
		})
	}
	return list
}

// ChangesFrom reads changes.
func ChangesFrom(list []*sandboxv1.Change) (changes []sandbox.Change) {
	for _, m := range list {
		kind, _ := kinds.from(m.GetKind())
		c := sandbox.Change{Path: PathFrom(m.GetPath(), m.GetPathBytes()), Kind: kind, Mode: modeFrom(m.GetMode()), Size: m.GetSize(), OldSize: m.GetOldSize(), Checksum: m.GetChecksum()}
		if m.GetOldMode() != 0 {
			c.OldMode = modeFrom(m.GetOldMode())
		}
		changes = append(changes, c)
	}
	return changes
}

// ExpectTo turns what a commit expects into a message: nil is not the same as nothing.
func ExpectTo(changes []sandbox.Change) *sandboxv1.Changes {
	if changes == nil {
		return nil
	}
	return &sandboxv1.Changes{Changes: ChangesTo(changes)}
}

// ExpectFrom reads it.
func ExpectFrom(m *sandboxv1.Changes) []sandbox.Change {
	if m == nil {
		return nil
	}
	return append([]sandbox.Change{}, ChangesFrom(m.GetChanges())...)
}

// lists are the lists of a report, in an order that both sides keep.
func lists(r *sandbox.CommitReport) []*[]sandbox.CommitItem {
	return []*[]sandbox.CommitItem{&r.Applied, &r.Unchanged, &r.Conflicts, &r.Denied, &r.Skipped, &r.Failed, &r.Left}
}

func messageLists(m *sandboxv1.CommitReport) []*[]*sandboxv1.CommitItem {
	return []*[]*sandboxv1.CommitItem{&m.Applied, &m.Unchanged, &m.Conflicts, &m.Denied, &m.Skipped, &m.Failed, &m.Left}
}

// ReportTo turns a report into a message.
func ReportTo(r *sandbox.CommitReport) *sandboxv1.CommitReport {
	if r == nil {
		return nil
	}
	m := &sandboxv1.CommitReport{}
	to := messageLists(m)
	for i, list := range lists(r) {
		for _, item := range *list {
			p := PathTo(item.Path)
			*to[i] = append(*to[i], &sandboxv1.CommitItem{Path: text(p), PathBytes: odd(p), Kind: kinds.to(item.Kind), Reason: redact(text(item.Reason), nil)})
		}
	}
	return m
}

// ReportFrom reads a report.
func ReportFrom(m *sandboxv1.CommitReport) *sandbox.CommitReport {
	if m == nil {
		return nil
	}
	r := &sandbox.CommitReport{}
	to := lists(r)
	for i, list := range messageLists(m) {
		for _, item := range *list {
			kind, _ := kinds.from(item.GetKind())
			*to[i] = append(*to[i], sandbox.CommitItem{Path: PathFrom(item.GetPath(), item.GetPathBytes()), Kind: kind, Reason: item.GetReason()})
		}
	}
	return r
}

// CheckpointTo describes a checkpoint.
func CheckpointTo(c *sandbox.Checkpoint) *sandboxv1.Checkpoint {
	return &sandboxv1.Checkpoint{Id: c.ID, Name: text(c.Name), CreatedAt: timeTo(c.Created)}
}

// CheckpointFrom reads the description of a checkpoint.
func CheckpointFrom(m *sandboxv1.Checkpoint) *sandbox.Checkpoint {
	return &sandbox.Checkpoint{ID: m.GetId(), Name: m.GetName(), Created: timeFrom(m.GetCreatedAt())}
}

// DecisionTo turns a decision into a message.
func DecisionTo(d *sandbox.Decision) *sandboxv1.ExplainResponse {
	m := &sandboxv1.ExplainResponse{Path: text(d.Path), Permission: permissions.to(d.Permission), Beaten: RulesTo(d.Beaten)}
	if d.Rule != nil {
		m.Rule = ruleTo(*d.Rule)
	}
	return m
}
