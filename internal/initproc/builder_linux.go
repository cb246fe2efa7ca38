// SPDX-License-Identifier: MIT

package initproc

import (
	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/control"
)

// handOn mounts what a builder cannot, moves to where there is nothing besides
// what the builder needs, and goes on as the builder. It returns only when
// something failed.
func (r *root) handOn(s *control.Setup, self int) *control.Fault {
	if f := r.move(s.Steps); f != nil {
		return f
	}
	unix.Umask(0o022)
	if err := renounce(); err != nil {
		return fault("drop capabilities", err)
	}
	return fault("execute "+s.Builder.Argv[0], r.executeBuilder(s.Builder, self))
}

// renounce gives up all capabilities: bubblewrap refuses to run with any that it
// did not get by being set-user-ID. The builder gets those that it needs from
// the user namespace that it makes.
func renounce() error {
	if err := dropCapabilities(); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	// Dropping capabilities may have undone it; see prctl(2).
	return unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0)
}

// executeBuilder replaces the process by the builder. Its files are the control
// socket and this program, which it passes on, and its log.
func (r *root) executeBuilder(b control.Builder, self int) error {
	program, err := r.file(b.Program)
	if err != nil {
		return err
	}
	log, err := r.file(b.Log)
	if err != nil {
		return err
	}
	if err := unix.Dup3(log, 2, 0); err != nil {
		return err
	}
	// Out of the way of the number that this program gets.
	if program, err = unix.FcntlInt(uintptr(program), unix.F_DUPFD_CLOEXEC, programFD+1); err != nil {
		return err
	}
	if err := unix.CloseRange(programFD+1, ^uint(0), unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return err
	}
	if self != programFD {
		err = unix.Dup3(self, programFD, 0)
	} else {
		_, err = unix.FcntlInt(programFD, unix.F_SETFD, 0)
	}
	if err != nil {
		return err
	}
	return execute(program, b.Argv)
}

// complete does what is left in a root that a builder has built, in which the
// process is.
func (r *root) complete(s *control.Setup) *control.Fault {
	// The builder's log is none of the sandbox's, nor is the program by which it
	// executed this process.
	if err := unix.Dup3(0, 2, 0); err != nil {
		return fault("close the log", err)
	}
	r.at = ""
	return r.assemble(s.Steps)
}
