// SPDX-License-Identifier: MIT

package sandbox

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"
)

// Status is the state of a sandbox.
type Status string

// The states.
const (
	StatusPending Status = "pending" // created, never started
	StatusRunning Status = "running"
	StatusStopped Status = "stopped" // its delta is kept; Start goes on with it
	StatusError   Status = "error"   // its init ended by itself, or it could not be started
)

// Info describes a sandbox.
type Info struct {
	ID string `json:"id"`
	// CodebaseID is the codebase that it was made of, Source the directory.
	CodebaseID string `json:"codebase_id,omitempty"`
	Source     string `json:"source,omitempty"`
	OwnerID    string `json:"owner_id,omitempty"`
	Runtime    string `json:"runtime"`
	// RuntimeNote says why the runtime is not the one that was asked for, when
	// this machine does not have that. Empty: it is.
	RuntimeNote string `json:"runtime_note,omitempty"`
	Image       string `json:"image,omitempty"`
	Status      Status `json:"status"`
	// Reason says why the status is StatusError, if that is known.
	Reason  string            `json:"reason,omitempty"`
	Labels  map[string]string `json:"labels,omitempty"`
	Rules   []Rule            `json:"rules"`
	Network Network           `json:"network,omitempty"`
	// Resources are the limits that were asked for. Enforced says what came of
	// each; those of memory, CPU and processes are there while it runs.
	Resources ResourceLimits `json:"resources,omitzero"`
	Enforced  []Enforcement  `json:"enforced,omitempty"`
	// Live says that the directory itself is seen, not a copy.
	Live bool `json:"live"`
	// Parked says that it has no process at the moment: the next command, or look
	// at its files, brings its init back. See Config.ParkAfter.
	Parked bool `json:"parked,omitempty"`
	// Skipped are the files of the source that could not be taken over:
	// unreadable ones, devices, sockets and FIFOs.
	Skipped []SkippedFile `json:"skipped,omitempty"`
	// Parent is the sandbox that it was forked from.
	Parent  string    `json:"parent,omitempty"`
	Created time.Time `json:"created"`
	Started time.Time `json:"started,omitzero"`
	Stopped time.Time `json:"stopped,omitzero"`
	// Expires is when it will be destroyed, IdleTimeout after how long without
	// anything to do.
	Expires     time.Time     `json:"expires,omitzero"`
	IdleTimeout time.Duration `json:"idle_timeout,omitempty"`
}

// clone returns an Info that shares nothing with i.
func (i *Info) clone() *Info {
	c := *i
	c.Labels, c.Rules, c.Skipped, c.Enforced = maps.Clone(i.Labels), slices.Clone(i.Rules), slices.Clone(i.Skipped), slices.Clone(i.Enforced)
	return &c
}

// SkippedFile is a file that is not in the sandbox, and why.
type SkippedFile struct {
	Path string
	Err  error
}

// skippedJSON is a SkippedFile as JSON: an error is its text.
type skippedJSON struct {
	Path   string `json:"path"`
	Reason string `json:"reason,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (s SkippedFile) MarshalJSON() ([]byte, error) {
	j := skippedJSON{Path: s.Path}
	if s.Err != nil {
		j.Reason = s.Err.Error()
	}
	return json.Marshal(j)
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *SkippedFile) UnmarshalJSON(data []byte) error {
	var j skippedJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	*s = SkippedFile{Path: j.Path}
	if j.Reason != "" {
		s.Err = errors.New(j.Reason)
	}
	return nil
}
