// SPDX-License-Identifier: MIT

package initproc

import (
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/control"
)

// init takes over the process when it was started as a sandbox's init, before
// the program's own main could run. The main goroutine is on the main thread
// here and stays on it.
func init() {
	switch {
	case slices.Equal(os.Args, Argv()), slices.Equal(os.Args, BuilderArgv()):
		os.Exit(runSetup())
	case isContainer():
		os.Exit(runContainer())
	case slices.Equal(os.Args, []string{initArg}):
		os.Exit(runInit(diesWithParent))
	case slices.Equal(os.Args, []string{initArg, containerArg}):
		os.Exit(runInit(diesWithSocket))
	}
}

// runSetup is the first stage. It returns only when something failed.
func runSetup() int {
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return 1
	}
	buf := new(control.Buffer)
	m, files, err := control.Receive(ControlFD, buf)
	if err != nil || m == nil {
		return 1
	}
	setup, ok := m.(*control.Setup)
	if !ok {
		return 1
	}
	left := -1
	if last := len(files) - 1; setup.Kept && last >= 0 {
		files, left = files[:last], files[last]
	}
	fault := enterCgroup(setup, files)
	if fault == nil {
		fault = build(setup, left)
	}
	_ = control.Send(ControlFD, fault)
	return 1
}
