// SPDX-License-Identifier: MIT

// Command probe is the probe of package fsguardtest and nothing else, to be built
// with CGO_ENABLED=0 for images that cannot execute a test binary.
package main

import (
	"fmt"
	"os"

	_ "github.com/sandbox-rls/sandbox/fsguard/fsguardtest" // takes over where it is the probe
)

func main() {
	fmt.Fprintln(os.Stderr, "probe is started by package fsguardtest.")
	os.Exit(2)
}
