// SPDX-License-Identifier: MIT

//go:build !linux

package fsguard

import (
	"errors"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// BuildMask needs Linux.
func BuildMask(dir string, t *tree.Tree, p *Plan, owner tree.Owner) (layers []string, err error) {
	return nil, errors.ErrUnsupported
}

// MaskCache needs Linux.
type MaskCache struct{}

// Mask is a plan's layers.
type Mask struct {
	Layers []string
	Facade bool
}

// OpenMaskCache needs Linux.
func OpenMaskCache(dir string) (*MaskCache, error) { return nil, errors.ErrUnsupported }

// Get needs Linux.
func (c *MaskCache) Get(t *tree.Tree, p *Plan, owner tree.Owner) (*Mask, error) {
	return nil, errors.ErrUnsupported
}

// Release does nothing.
func (m *Mask) Release() {}
