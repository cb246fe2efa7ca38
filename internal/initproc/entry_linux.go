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
		os.Exit(runInit(diesWithParent, false))
	case slices.Equal(os.Args, []string{initArg, limitedArg}):
		os.Exit(runInit(diesWithParent, true))
	case slices.Equal(os.Args, []string{initArg, containerArg}):
		os.Exit(runInit(diesWithSocket, true))
	}
}

// runSetup is the first stage. It returns only when something failed.
func runSetup() int {
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return 1
	}
	// It may wait for its set-up, and then there is no hurry. Where the network is not
	// its own this is refused, and a set-up that asks for it tries again.
	loopback := loopbackUp() == nil
	boundWatches()
	buf := new(control.Buffer)
	m, files, err := control.Receive(ControlFD, buf)
	if err != nil || m == nil {
		return 1
	}
	setup, ok := m.(*control.Setup)
	if !ok {
		return 1
	}
	_ = control.Send(ControlFD, begin(setup, files, loopback))
	return 1
}

// begin parts the files, and does what comes before anything is built. The loopback
// interface may be up.
func begin(s *control.Setup, files []int, loopback bool) *control.Fault {
	left := -1
	if last := len(files) - 1; s.Kept && last >= 0 {
		files, left = files[:last], files[last]
	}
	if len(files) < s.Files {
		return fault("take the files", unix.EBADF)
	}
	if s.Standing {
		return build(s, &root{at: stage, left: left})
	}
	if err := control.Send(ControlFD, &control.Taken{}); err != nil {
		return fault("answer", err)
	}
	// It is made no earlier than now, since this process may have waited for long: so
	// it has what is mounted on the host by now, and until now has kept nothing busy.
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fault("make a mount namespace", err)
	}
	if f := enterCgroup(s, files[s.Files:]); f != nil {
		return f
	}
	return build(s, &root{at: stage, files: files[:s.Files], left: left, loopback: loopback})
}
