// SPDX-License-Identifier: MIT

package native_test

import (
	"testing"

	"github.com/sandbox-rls/sandbox/internal/ledgertest"
	"github.com/sandbox-rls/sandbox/runtime/native"
)

// TestLedger makes the attacks of docs/bypass-ledger.md.
func TestLedger(t *testing.T) {
	rt := native.New()
	t.Cleanup(func() {
		if err := rt.Close(); err != nil {
			t.Error(err)
		}
	})
	ledgertest.Run(t, rt)
}

// TestLedgerLive makes them where a sandbox sees the directory itself.
func TestLedgerLive(t *testing.T) {
	rt := native.New()
	defer rt.Close()
	ledgertest.Run(t, rt, ledgertest.WithLive())
}
