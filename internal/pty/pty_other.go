// SPDX-License-Identifier: MIT

//go:build !linux

package pty

import (
	"errors"
	"io"
	"os"
)

// Open is not supported here.
func Open(root *os.File, size Size) (master, slave *os.File, err error) {
	return nil, nil, errors.ErrUnsupported
}

// Resize is not supported here.
func Resize(master *os.File, size Size) error { return errors.ErrUnsupported }

// Type is not supported here.
func Type(master *os.File, input io.Reader) error { return errors.ErrUnsupported }

// Give fails with errors.ErrUnsupported.
func Give(*os.File, int) error { return errors.ErrUnsupported }
