// SPDX-License-Identifier: MIT

//go:build !linux

package fsguard

import (
	"errors"
	"io/fs"
	"os"
)

// ErrGuardClosed is the answer of a guard that was closed.
var ErrGuardClosed = errors.New("the guard is closed")

// Identity is the user as which the guard acts.
type Identity struct{ UID, GID int }

// Door is what the guard needs to serve a sandbox.
type Door struct {
	Root, Workspace, Listener *os.File
	Target                    string
	HostUID, HostGID          func(int) (int, bool)
	Hidden                    func(path string) bool
}

// Guard does not exist on this system.
type Guard struct{}

// Attachment is a sandbox that the guard serves.
type Attachment struct{}

// NewGuard fails with errors.ErrUnsupported.
func NewGuard(Identity, ...GuardOption) (*Guard, error) { return nil, errors.ErrUnsupported }

// Close does nothing.
func (*Guard) Close() error { return nil }

// Attach fails with errors.ErrUnsupported.
func (*Guard) Attach(Door, *Policy) (*Attachment, error) { return nil, errors.ErrUnsupported }

// Close does nothing.
func (*Attachment) Close() {}

// Quiet does nothing.
func (*Attachment) Quiet() {}

// OpenFile fails with errors.ErrUnsupported.
func (*Attachment) OpenFile(string, int, fs.FileMode) (*os.File, error) {
	return nil, errors.ErrUnsupported
}

// MkdirAll fails with errors.ErrUnsupported.
func (*Attachment) MkdirAll(string) error { return errors.ErrUnsupported }

// ReadDir fails with errors.ErrUnsupported.
func (*Attachment) ReadDir(string) ([]fs.FileInfo, error) { return nil, errors.ErrUnsupported }

// Mounted is false.
func (*Attachment) Mounted() bool { return false }

// ReadDirBeneath fails with errors.ErrUnsupported.
func (*Attachment) ReadDirBeneath(string, string) ([]fs.FileInfo, error) {
	return nil, errors.ErrUnsupported
}

// WriteFile fails with errors.ErrUnsupported.
func (*Attachment) WriteFile(string, []byte, fs.FileMode) error { return errors.ErrUnsupported }

// Place fails with errors.ErrUnsupported.
func (*Attachment) Place(string, Placement) error { return errors.ErrUnsupported }
