// SPDX-License-Identifier: MIT

//go:build !linux

package delta

import (
	"errors"
	"io"
	"os"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Changes needs Linux.
func Changes(Layers) ([]Change, error) {
	return nil, errors.ErrUnsupported
}

// ChangesSeen needs Linux.
func ChangesSeen(Layers, Seen) ([]Change, error) { return nil, errors.ErrUnsupported }

// Size needs Linux.
func Size(string) (bytes, files int64, err error) { return 0, 0, errors.ErrUnsupported }

// Reader needs Linux.
type Reader struct{}

// OpenReader needs Linux.
func OpenReader(Layers) (*Reader, error) { return nil, errors.ErrUnsupported }

// Close does nothing.
func (*Reader) Close() {}

// Read needs Linux.
func (*Reader) Read(string, int64) (Pair, error) { return Pair{}, errors.ErrUnsupported }

// File needs Linux.
type File struct{}

// Entry is nothing.
func (*File) Entry() *tree.Entry { return &tree.Entry{} }

// Open needs Linux.
func (*File) Open() (int, error) { return -1, errors.ErrUnsupported }

// Before needs Linux.
func (*Reader) Before(string) (*File, error) { return nil, errors.ErrUnsupported }

// ChangesAt needs Linux.
func ChangesAt(Layers, string) ([]Change, error) { return nil, errors.ErrUnsupported }

// OpenContent needs Linux.
func OpenContent(*tree.Cursor, string) (*os.File, error) { return nil, errors.ErrUnsupported }

// OpenChange needs Linux.
func OpenChange(*tree.Cursor, *Change) (io.ReadCloser, error) { return nil, errors.ErrUnsupported }

// Strip needs Linux.
func Strip(Layers, tree.Owner) error { return errors.ErrUnsupported }
