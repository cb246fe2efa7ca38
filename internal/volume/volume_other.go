// SPDX-License-Identifier: MIT

//go:build !linux

package volume

import (
	"errors"
	"os"
)

// Formatter makes nothing on this system.
type Formatter struct{}

// Volume is never made on this system.
type Volume struct{}

// NewFormatter returns a formatter that fails.
func NewFormatter(string) *Formatter { return &Formatter{} }

// Create fails with errors.ErrUnsupported.
func (*Formatter) Create(string, int64) (*Volume, error) { return nil, errors.ErrUnsupported }

// Open fails with errors.ErrUnsupported.
func Open(string, int64) (*Volume, error) { return nil, errors.ErrUnsupported }

// Exists is false.
func Exists(string) bool { return false }

// Root is empty.
func (*Volume) Root() string { return "" }

// Mount fails with errors.ErrUnsupported.
func (*Volume) Mount() (*os.File, error) { return nil, errors.ErrUnsupported }

// Usage fails with errors.ErrUnsupported.
func (*Volume) Usage() (used, files int64, err error) { return 0, 0, errors.ErrUnsupported }

// Resize fails with errors.ErrUnsupported.
func (*Volume) Resize(int64) error { return errors.ErrUnsupported }

// Close does nothing.
func (*Volume) Close() error { return nil }

// Discard does nothing.
func (*Volume) Discard() error { return nil }
