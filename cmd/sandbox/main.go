// SPDX-License-Identifier: MIT

// Sandbox runs commands on a code tree in which every path has one of four
// levels: none, view, read or write. The tree itself is never changed.
//
//	sandbox run DIR -- COMMAND [ARG]...
//
// See sandbox --help, and docs/cli.md.
package main

import (
	"context"
	"os"
)

func main() {
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	os.Exit(a.main(context.Background(), os.Args[1:]))
}
