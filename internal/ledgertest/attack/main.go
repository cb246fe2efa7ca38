// SPDX-License-Identifier: MIT

// Command attack is the attacker of package ledgertest and nothing else, to be
// built with CGO_ENABLED=0 for images that cannot execute a test binary.
package main

import (
	"fmt"
	"os"

	_ "github.com/sandbox-rls/sandbox/internal/ledgertest" // takes over where it is the attacker
)

func main() {
	fmt.Fprintln(os.Stderr, "attack is started by package ledgertest.")
	os.Exit(2)
}
