// SPDX-License-Identifier: MIT

package main

import (
	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/runtime"
	"github.com/sandbox-rls/sandbox/runtime/bwrap"
)

// newManager makes the manager that is served.
func newManager(s *settings) (*sandbox.Manager, error) {
	cfg := sandbox.Config{StateDir: s.stateDir, ParkAfter: s.parkAfter}
	bw := bwrap.New()
	switch s.runtime {
	case "native":
		cfg.Runtimes = []runtime.Runtime{bw}
	case "bwrap":
		cfg.Runtime = bw
	default:
		return nil, usagef("--runtime: there is no runtime %q", s.runtime)
	}
	return sandbox.NewManager(cfg)
}
