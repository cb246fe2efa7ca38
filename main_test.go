// SPDX-License-Identifier: MIT

package sandbox_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/sandbox-rls/sandbox"
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
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
