// SPDX-License-Identifier: MIT

//go:build !linux

package commit

import (
	"context"
	"errors"
	"os"

	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Run needs Linux.
func Run(ctx context.Context, req Request, opts Options) (*Report, error) {
	return nil, errors.ErrUnsupported
}

// Recover needs Linux.
func Recover(ctx context.Context, j Journal) ([]Recovery, error) { return nil, errors.ErrUnsupported }

// Still is false.
func Still(*os.File, *Stamp) bool { return false }

// ReadLink is false.
func ReadLink(*os.Root, string, *Stamp) (string, bool) { return "", false }

// Sums needs Linux.
type Sums struct{}

// NewSums makes an empty set.
func NewSums() *Sums { return &Sums{} }

// Add does nothing.
func (*Sums) Add(*tree.Entry, int, []byte) {}

// Layers needs Linux.
type Layers struct{}

// OpenLayers needs Linux.
func OpenLayers(delta.Layers) (*Layers, error) { return nil, errors.ErrUnsupported }

// Close does nothing.
func (*Layers) Close() {}

// Differs always finds a difference.
func (*Layers) Differs(c delta.Change, now *File) string { return errors.ErrUnsupported.Error() }
