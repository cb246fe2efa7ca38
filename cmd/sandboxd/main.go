// SPDX-License-Identifier: MIT

// Sandboxd serves sandboxes to clients on other machines and in other languages.
//
//	sandboxd --state-dir /var/lib/sandboxd
//
// See sandboxd --help, and docs/server.md.
package main

import (
	"context"
	"os"
)

func main() {
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	os.Exit(a.main(context.Background(), os.Args[1:]))
}
