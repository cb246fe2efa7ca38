// SPDX-License-Identifier: MIT

// Command sandbox-init is the init of sandboxes in containers, for programs that
// cannot be it themselves because they are linked dynamically. It is to be built
// with CGO_ENABLED=0 and is of no use by itself. See runtime/docker.
package main

import (
	"fmt"
	"os"

	_ "github.com/sandbox-rls/sandbox/internal/initproc" // takes over where it is the init
)

func main() {
	fmt.Fprintln(os.Stderr, "sandbox-init is started in containers by programs that use github.com/sandbox-rls/sandbox/runtime/docker.")
	os.Exit(2)
}
