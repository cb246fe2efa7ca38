// SPDX-License-Identifier: MIT

package codebase

import (
	"time"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Info describes a codebase.
type Info struct {
	ID      string
	Name    string
	OwnerID string
	// Source is where it was imported from, for people to read.
	Source string
	// Size is the sum of its regular files in bytes, and FileCount their number.
	Size      int64
	FileCount int
	Created   time.Time
	Updated   time.Time
	// Version grows with each change. That of an empty codebase is 1.
	Version uint64
	// Skipped are the files that its last import could not take over. List
	// leaves them out.
	Skipped []tree.Problem
}

// state is what the database keeps of a codebase besides its files.
type state struct {
	Info
	// next is the number of the next object. Objects from it on were left by
	// writes that were not finished.
	next uint64
	// floor is the version up to which the changes are not complete.
	floor uint64
	// uploaded is the version of the last upload.
	uploaded uint64
}

// stateFormat begins the encoded form of a state.
const stateFormat = 1

func (s *state) encode() []byte {
	e := make(encoder, 0, 256)
	e.byte(stateFormat)
	e.string(s.Name)
	e.string(s.OwnerID)
	e.string(s.Source)
	e.int(s.Size)
	e.int(int64(s.FileCount))
	e.int(s.Created.UnixNano())
	e.int(s.Updated.UnixNano())
	e.uint(s.Version)
	e.uint(s.next)
	e.uint(s.floor)
	e.uint(s.uploaded)
	return e
}

func decodeState(id string, b []byte) (*state, error) {
	d := decoder{rest: b}
	if d.byte() != stateFormat {
		d.fail()
	}
	s := &state{Info: Info{
		ID: id, Name: d.string(), OwnerID: d.string(), Source: d.string(),
		Size: d.int(), FileCount: int(d.int()),
		Created: time.Unix(0, d.int()), Updated: time.Unix(0, d.int()), Version: d.uint(),
	}}
	s.next, s.floor, s.uploaded = d.uint(), d.uint(), d.uint()
	return s, d.err
}
