// SPDX-License-Identifier: MIT

package spawner

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/initproc"
	"github.com/sandbox-rls/sandbox/internal/reexec"
)

// The arguments by which a process knows that it is a spawner: at first, and
// when it has executed itself again to be rid of the owner's files.
var (
	spawnerArg = "sandbox-spawner"
	againArg   = "sandbox-spawner-again"
)

// socketFD is the socket's file descriptor in the spawner.
const socketFD = 3

// init takes over the process when it was started as a spawner. The main
// goroutine is on the main thread here and stays on it: it is the one thread
// that forks. The owner may be another program: with one of another version it
// does not talk.
func init() {
	if len(os.Args) != 2 || os.Args[1] != initproc.Version {
		return
	}
	// Not os.Exit, which would do what the program has for its own end.
	switch os.Args[0] {
	case spawnerArg:
		syscall.Exit(run(true))
	case againArg:
		syscall.Exit(run(false))
	}
}

func run(first bool) int {
	// It was set when this process was forked, but a file with capabilities
	// loses it when it is executed. An owner that is gone by now shows at the socket.
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return 1
	}
	if first && hasStrays() {
		if err := unix.CloseRange(socketFD+1, ^uint(0), unix.CLOSE_RANGE_CLOEXEC); err != nil {
			return 1
		}
		_ = syscall.Exec("/proc/self/exe", []string{againArg, initproc.Version}, initproc.Environ())
		return 1
	}
	unix.CloseOnExec(socketFD)
	if err := unix.Chdir("/"); err != nil { // no directory is kept busy
		return 1
	}
	// Whoever asks a whole group or service to end means the owner, which ends
	// the sandboxes in its own order.
	reexec.IgnoreEndings()
	raiseFiles()
	return serve()
}

// hasStrays reports whether the process was given files besides its own. They are
// not just closed: packages of the program may have taken them for theirs by now.
func hasStrays() bool {
	strays, err := reexec.Strays(socketFD)
	return err != nil || len(strays) > 0
}
