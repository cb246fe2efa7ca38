// SPDX-License-Identifier: MIT

package commit

import (
	"encoding/json"
	"fmt"
)

// recordVersion is that of the journal's entries.
const recordVersion = 1

// state is how far a commit has come.
type state string

const (
	staging  state = "staging"  // the target is untouched but for the staging directories
	applying state = "applying" // everything is staged; forward
	undoing  state = "undoing"  // something went wrong; back
)

// record is a commit in the journal.
type record struct {
	Version int    `json:"version"`
	State   state  `json:"state"`
	Target  name   `json:"target"`
	Dev     uint64 `json:"dev"`
	Ino     uint64 `json:"ino"`
	Partial bool   `json:"partial,omitempty"`
	Homes   []home `json:"homes"`
	Items   []item `json:"items,omitempty"`
	Steps   []step `json:"steps,omitempty"`
}

func decodeRecord(entry []byte) (*record, error) {
	var rec record
	if err := json.Unmarshal(entry, &rec); err != nil {
		return nil, fmt.Errorf("journal entry: %w", err)
	}
	if rec.Version != recordVersion {
		return nil, fmt.Errorf("journal entry of version %d, this is %d", rec.Version, recordVersion)
	}
	for _, s := range rec.Steps {
		if s.Item < 0 || s.Item >= len(rec.Items) || s.Home < 0 || s.Home >= len(rec.Homes) || !canonical(string(s.Path)) {
			return nil, fmt.Errorf("journal entry: step %+v makes no sense", s)
		}
	}
	if len(rec.Homes) == 0 || rec.Homes[0].Path != "/" {
		return nil, fmt.Errorf("journal entry without the target's root")
	}
	return &rec, nil
}
