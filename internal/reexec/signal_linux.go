// SPDX-License-Identifier: MIT

package reexec

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// endings are the signals by which somebody asks a process to end.
var endings = []unix.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGUSR1, unix.SIGUSR2, unix.SIGPIPE, unix.SIGALRM}

// action is what happens to a process on a signal: SIG_DFL or SIG_IGN.
type action uint64

const (
	byDefault action = 0
	ignored   action = 1
)

// set gives a signal an action, past the Go runtime: package os/signal starts
// threads and has them change their masks, one signal after another.
func (a action) set(sig uintptr) {
	// struct sigaction of the kernel: no flags, no restorer, no mask.
	act := [4]uint64{uint64(a)}
	_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGACTION, sig, uintptr(unsafe.Pointer(&act)), 0, 8, 0, 0)
}

// ResetSignals puts every signal back to its default. One that the owner was
// started with ignored would stay ignored in all commands: execve keeps that.
func ResetSignals() {
	for sig := uintptr(1); sig <= 64; sig++ {
		byDefault.set(sig)
	}
}

// SurviveEndings keeps PID 1 of a PID namespace from ending on what asks it to.
// The kernel gives it no signal whose action is the default one, which the Go
// runtime has changed; and by default is how commands have to find them.
func SurviveEndings() {
	for _, sig := range endings {
		byDefault.set(uintptr(sig))
	}
}

// IgnoreEndings keeps this process from ending on what asks it to.
func IgnoreEndings() {
	for _, sig := range endings {
		ignored.set(uintptr(sig))
	}
}
