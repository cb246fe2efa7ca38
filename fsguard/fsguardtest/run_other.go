// SPDX-License-Identifier: MIT

//go:build !linux

package fsguardtest

import "testing"

// Run skips: there are sandboxes on Linux only.
func Run(t *testing.T, _ Factory, _ ...Option) { t.Skip("sandboxes need Linux") }
