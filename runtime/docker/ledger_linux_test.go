// SPDX-License-Identifier: MIT

package docker_test

import (
	"testing"

	"github.com/sandbox-rls/sandbox/internal/ledgertest"
	"github.com/sandbox-rls/sandbox/runtime/docker"
)

const attackPackage = "github.com/sandbox-rls/sandbox/internal/ledgertest/attack"

// TestLedger makes the attacks of docs/bypass-ledger.md, as the root of a container
// and as a user of it.
func TestLedger(t *testing.T) {
	engine(t)
	for _, c := range configurations {
		if c.name != "busybox-root" && c.name != "debian-1000" {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ledgertest.Run(t, open(t, c.image, docker.WithUser(c.user)), ledgertest.WithProgram(build(t, attackPackage)), ledgertest.WithEngine())
		})
	}
}
