// SPDX-License-Identifier: MIT

//go:build !linux

package commit

import (
	"context"
	"errors"
	"os"

	"github.com/sandbox-rls/sandbox/internal/delta"
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

// Contents needs Linux.
type Contents struct{}

// NewContents makes an empty set.
func NewContents(target, staged bool) *Contents { return &Contents{} }

// Add does nothing.
func (*Contents) Add(*delta.Compared) {}

// Layers needs Linux.
type Layers struct{}

// OpenLayers needs Linux.
func OpenLayers(delta.Layers) (*Layers, error) { return nil, errors.ErrUnsupported }

// Close does nothing.
func (*Layers) Close() {}

// Differs always finds a difference.
func (*Layers) Differs(c delta.Change, now *File) string { return errors.ErrUnsupported.Error() }
