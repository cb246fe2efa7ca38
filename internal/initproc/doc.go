// SPDX-License-Identifier: MIT

// Package initproc is the init of a sandbox: the program re-executes itself as
// it. Importing the package is enough, in a program or in a test binary; it
// does nothing unless the process was started by [Argv].
//
// It runs in two stages. The first holds the capabilities of its user
// namespace: it mounts the sandbox's root, moves into it, gives up every
// capability, installs the seccomp filter, and hands the listener to the owner.
// It then executes itself again. The second stage is PID 1 of the sandbox, as
// confined as the commands that it starts: no thread of it ever held more.
//
// In a container, the root is there before the first stage begins, which calls the
// owner and does the rest; see [ContainerArgv].
//
// Between what the first stage mounts and the rest of its work another program
// may build the root, and execute the first stage anew in it: see [control.Builder].
package initproc

import (
	"strconv"

	"github.com/sandbox-rls/sandbox/internal/reexec"
)

// Argv are the arguments by which a process knows that it is an init. The
// control socket is file ControlFD.
var (
	setupArg = "sandbox-setup"
	initArg  = "sandbox-init"
)

// Where the first stage in a container finds what the owner has put there, for as
// long as it takes: this program and the socket at which the owner waits.
const (
	ContainerDir     = "/.sandbox"
	ContainerProgram = ContainerDir + "/init"
	ContainerSocket  = ContainerDir + "/socket"
)

const containerArg = "sandbox-container"

// limitedArg tells the second stage that its threads are to be made first.
const limitedArg = "limited"

// Version is that of what owner and init say to each other. A program may be the
// init of another one's containers.
const Version = "4"

// The exit codes of a first stage in a container that cannot tell its owner more.
const (
	ExitVersion     = 91 // it is of another version
	ExitUnreachable = 92 // the owner's socket is not there
)

// ContainerArgv returns the command line of a container whose first process is to
// be an init.
func ContainerArgv() []string { return []string{ContainerProgram, containerArg, Version} }

// ControlFD is the control socket's file descriptor in the init.
const ControlFD = 3

// Argv returns the arguments with which to execute this program as an init.
func Argv() []string { return []string{setupArg} }

// programFD is the file descriptor by which a builder executes this program.
const programFD = ControlFD + 1

// BuilderArgv returns the arguments with which a builder is to execute this
// program as an init, by a file descriptor that it inherits. The root that it
// builds must have a /proc.
func BuilderArgv() []string { return []string{"/proc/self/fd/" + strconv.Itoa(programFD), setupArg} }

// Environ is the environment of the init. One P is enough for what it does,
// and keeps its memory small.
func Environ() []string { return reexec.Environ("1") }

// SetupEnviron is the environment of the first stage. It has nothing to do at once,
// but a P too many: the last one would be handed to another thread, and back, whenever
// a system call takes more than a moment, as mounting does.
func SetupEnviron() []string { return reexec.Environ("2") }
