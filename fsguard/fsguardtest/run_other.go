// SPDX-License-Identifier: MIT

//go:build !linux

package fsguardtest

import "testing"

// Run skips: there are sandboxes on Linux only.
func Run(t *testing.T, _ Factory) { t.Skip("sandboxes need Linux") }
