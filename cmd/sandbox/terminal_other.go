// SPDX-License-Identifier: MIT

//go:build !linux

package main

import (
	"os"

	"github.com/sandbox-rls/sandbox"
)

// There are no sandboxes on this system, and so no terminals for them.

func isTerminal(*os.File) bool { return false }

func terminalSize(*os.File) sandbox.TerminalSize { return sandbox.TerminalSize{} }

func makeRaw(*os.File) (restore func()) { return func() {} }

func (a *app) followSize(*sandbox.Command) (stop func()) { return func() {} }
