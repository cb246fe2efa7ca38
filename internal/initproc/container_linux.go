// SPDX-License-Identifier: MIT

package initproc

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/control"
)

// isContainer reports whether this process is the first one of a container, and
// was started by an owner who speaks the same language.
func isContainer() bool { return len(os.Args) == 3 && os.Args[1] == containerArg }

// runContainer is the first stage in a container, whose root others have built. It
// returns only when something failed.
func runContainer() int {
	if os.Args[2] != Version {
		return ExitVersion
	}
	sock, err := callOwner()
	if err != nil {
		return ExitUnreachable
	}
	buf := new(control.Buffer)
	m, files, err := control.Receive(sock, buf)
	control.CloseFiles(files)
	if err != nil || m == nil {
		return 1
	}
	setup, ok := m.(*control.Setup)
	if !ok {
		return 1
	}
	_ = control.Send(sock, settle(setup, sock))
	return 1
}

// callOwner connects to the owner, who has put a socket into the container. The
// number of the descriptor is any: the one that it is to have may be taken.
func callOwner() (int, error) {
	sock, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	return sock, unix.Connect(sock, &unix.SockaddrUnix{Name: ContainerSocket})
}

// settle confines the process and executes the second stage. It returns what failed.
func settle(s *control.Setup, sock int) *control.Fault {
	self, err := unix.Open("/proc/self/exe", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return fault("open /proc/self/exe", err)
	}
	score, err := openScore()
	if err != nil {
		return fault("open /proc/self/oom_score_adj", err)
	}
	if err := unix.Chdir(s.Dir); err != nil {
		return fault("chdir "+s.Dir, err)
	}
	unix.Umask(0o022)
	listener, f := confine(s, self)
	if f != nil {
		return f
	}
	r := &root{kept: -1}
	if err := r.hello(sock, listener); err != nil {
		return fault("hand over the listener", err)
	}
	// Out of the way of the two numbers.
	if self, err = unix.FcntlInt(uintptr(self), unix.F_DUPFD_CLOEXEC, scoreFD+1); err != nil {
		return fault("execute the init", err)
	}
	if score, err = unix.FcntlInt(uintptr(score), unix.F_DUPFD_CLOEXEC, scoreFD+1); err != nil {
		return fault("execute the init", err)
	}
	if sock != ControlFD {
		if err := unix.Dup3(sock, ControlFD, unix.O_CLOEXEC); err != nil {
			return fault("execute the init", err)
		}
	}
	return fault("execute the init", executeInit(self, score, []string{initArg, containerArg}))
}
