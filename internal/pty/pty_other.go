// SPDX-License-Identifier: MIT

//go:build !linux

package pty

import (
	"errors"
	"os"
)

// Open is not supported here.
func Open(root *os.File, size Size) (master, slave *os.File, err error) {
	return nil, nil, errors.ErrUnsupported
}

// Resize is not supported here.
func Resize(master *os.File, size Size) error { return errors.ErrUnsupported }

// EndOfInput is not supported here.
func EndOfInput(master *os.File) error { return errors.ErrUnsupported }
