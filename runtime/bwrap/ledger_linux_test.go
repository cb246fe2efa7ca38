// SPDX-License-Identifier: MIT

package bwrap_test

import (
	"testing"

	"github.com/sandbox-rls/sandbox/internal/ledgertest"
)

// TestLedger makes the attacks of docs/bypass-ledger.md.
func TestLedger(t *testing.T) {
	require(t)
	ledgertest.Run(t, open(t))
}
