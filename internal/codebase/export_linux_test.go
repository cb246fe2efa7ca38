// SPDX-License-Identifier: MIT

package codebase

// SetFault lets calls that write to the disk fail: f is asked before each, with
// its name. Nil ends that.
func (s *Store) SetFault(f func(op string) error) { s.disk.fault = f }

// WithSync takes WithoutSync back.
func WithSync() Option { return func(o *options) { o.noSync = false } }
