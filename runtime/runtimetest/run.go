// SPDX-License-Identifier: MIT

package runtimetest

import (
	"os"
	"testing"

	"github.com/sandbox-rls/sandbox/runtime"
)

// Run runs the suite against the runtimes that open makes. It must be called
// by a top-level test function.
func Run(t *testing.T, open func() runtime.Runtime) { RunWith(t, Traits{}, open) }

// RunWith is Run for sandboxes that differ from the native ones.
func RunWith(t *testing.T, traits Traits, open func() runtime.Runtime) {
	traits = traits.complete()
	if marker := os.Getenv(ownerVariable); marker != "" {
		own(t, traits, open(), marker)
		return
	}
	s := &suite{Traits: traits, runtime: open(), test: t.Name()}
	// First what counts the processes, files and mounts of the caller, alone.
	t.Run("Leavings", s.leavings)
	t.Run("ParkedOften", s.parkedOften)
	for _, group := range []struct {
		name string
		test func(*testing.T)
	}{
		{"Commands", s.commands},
		{"Environment", s.environment},
		{"Large", s.large},
		{"Signals", s.signals},
		{"Leftovers", s.leftovers},
		{"Interrupts", s.interrupts},
		{"Descriptors", s.descriptors},
		{"Terminal", s.terminal},
		{"Bystanders", s.bystanders},
		{"Privileges", s.privileges},
		{"Init", s.initProcess},
		{"Processes", s.processes},
		{"Root", s.root},
		{"Devices", s.devices},
		{"Workspace", s.workspace},
		{"Network", s.network},
		{"End", s.end},
		{"Limits", s.limits},
		{"Parking", s.parking},
		{"Owner", s.owner},
	} {
		t.Run(group.name, func(t *testing.T) {
			t.Parallel()
			group.test(t)
		})
	}
}

// suite is one run.
type suite struct {
	Traits
	runtime runtime.Runtime
	test    string // the name of the test that called Run
}
