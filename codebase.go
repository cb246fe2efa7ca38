// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"time"
)

// Codebase is a set of files of which sandboxes are made. It has versions: a
// sandbox goes on with the one that it began with, but for what is uploaded.
type Codebase struct {
	ID      string `json:"id"`
	Name    string `json:"name,omitempty"`
	OwnerID string `json:"owner_id,omitempty"`
	// Source is the directory that it was imported from.
	Source    string    `json:"source,omitempty"`
	Size      int64     `json:"size"` // bytes of its regular files
	FileCount int       `json:"file_count"`
	Created   time.Time `json:"created"`
	Updated   time.Time `json:"updated"`
	// Skipped are the files that the last import could not take over.
	Skipped []SkippedFile `json:"skipped,omitempty"`
}

// ImportCodebase makes a codebase of a directory, all of it, in the process's
// Manager. It stays until DeleteCodebase, or, as with all of a Manager with a
// temporary state directory, the end of the process.
func ImportCodebase(ctx context.Context, dir string) (*Codebase, error) {
	m, err := Default()
	if err != nil {
		return nil, err
	}
	return m.ImportCodebase(ctx, dir)
}

// DeleteCodebase forgets a codebase of the process's Manager. Sandboxes that
// were made of it go on.
func DeleteCodebase(ctx context.Context, id string) error {
	m, err := Default()
	if err != nil {
		return err
	}
	return m.DeleteCodebase(ctx, id)
}
