// SPDX-License-Identifier: MIT

//go:build !linux

// Package statedir holds the directory in which a process keeps its sandboxes.
package statedir

import "errors"

// Dir is an owned state directory.
type Dir struct{ Path string }

// Open fails: there are no sandboxes on this system.
func Open(string) (*Dir, error) { return nil, errors.ErrUnsupported }

// Temporary fails: there are no sandboxes on this system.
func Temporary() (*Dir, error) { return nil, errors.ErrUnsupported }

// Close does nothing.
func (d *Dir) Close() error { return nil }
