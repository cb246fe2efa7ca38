// SPDX-License-Identifier: MIT

// Command sandbox-init is the init of sandboxes, for programs that had better
// not be it themselves: in containers, because they are linked dynamically;
// elsewhere, because they are large. It is to be built with CGO_ENABLED=0 and is
// of no use by itself. See docker.WithInit and native.WithInit.
package main

import (
	"fmt"
	"os"

	_ "github.com/sandbox-rls/sandbox/internal/initproc" // takes over where it is the init
	_ "github.com/sandbox-rls/sandbox/internal/spawner"  // takes over where it is to fork inits
)

func main() {
	fmt.Fprintln(os.Stderr, "sandbox-init is started by programs that use github.com/sandbox-rls/sandbox.")
	os.Exit(2)
}
