// SPDX-License-Identifier: MIT

package sandbox_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/internal/leaktest"
)

// TestMain looks, after all tests, for goroutines that outlive the manager.
func TestMain(m *testing.M) {
	code := m.Run()
	if manager, err := sandbox.Default(); err == nil {
		if err := manager.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "closing the manager:", err)
			code = 1
		}
	}
	if code == 0 {
		if err := leaktest.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
