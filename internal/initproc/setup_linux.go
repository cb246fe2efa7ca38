// SPDX-License-Identifier: MIT

package initproc

import (
	"errors"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/control"
	"github.com/sandbox-rls/sandbox/internal/reexec"
)

// stage is where the new root is put together before the process moves into
// it. Any directory would do; this one exists on every system.
const stage = "/tmp"

// build makes the sandbox, beginning with a root of which nothing is there yet, and
// executes the second stage. It returns what failed, if anything did.
func build(s *control.Setup, r *root) *control.Fault {
	unix.Umask(0) // modes are as planned
	self, err := unix.Open("/proc/self/exe", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return fault("open /proc/self/exe", err)
	}
	if len(s.Builder.Argv) > 0 {
		return r.handOn(s, self)
	}
	score, err := openScore()
	if err != nil {
		return fault("open /proc/self/oom_score_adj", err)
	}
	raise := r.raise
	if s.Standing {
		raise = r.complete
	}
	if f := raise(s); f != nil {
		return f
	}
	if err := unix.Chdir(s.Dir); err != nil {
		return fault("chdir "+s.Dir, err)
	}
	unix.Umask(0o022) // that of the init: the filter asks the guard about any change of it
	listener, f := confine(s, self)
	if f != nil {
		return f
	}
	if err := r.hello(ControlFD, listener); err != nil {
		return fault("hand over the listener", err)
	}
	argv := []string{initArg}
	if s.Limited {
		argv = append(argv, limitedArg)
	}
	return fault("execute the init", executeInit(self, score, argv))
}

// raise builds a root from nothing, and moves the process into it.
func (r *root) raise(s *control.Setup) *control.Fault {
	if err := unix.Sethostname([]byte(s.Hostname)); err != nil {
		return fault("set the host name", err)
	}
	if s.Loopback && !r.loopback {
		if err := loopbackUp(); err != nil {
			return fault("bring up the loopback interface", err)
		}
	}
	return r.move(s.Steps)
}

// move carries out the steps, and moves the process into the root that they make.
func (r *root) move(steps []control.Step) *control.Fault {
	if f := r.assemble(steps); f != nil {
		return f
	}
	if err := pivot(); err != nil {
		return fault("pivot_root", err)
	}
	return nil
}

// hello hands over what the owner needs to serve the sandbox.
func (r *root) hello(sock, listener int) error {
	names, files := []string{"root"}, []int{}
	fd, err := unix.Open("/", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	files = append(files, fd)
	if r.workspace > 0 {
		names, files = append(names, "workspace"), append(files, r.workspace)
	}
	if listener >= 0 {
		names, files = append(names, "listener"), append(files, listener)
	}
	if r.copied > 0 {
		names, files = append(names, "kept"), append(files, r.copied)
	}
	return control.Send(sock, &control.Hello{Files: names}, files...)
}

// executeInit replaces the process by the second stage, with the control
// socket and its own score as its only files besides the standard three.
func executeInit(self, score int, argv []string) error {
	// Out of the way of the number that the score gets.
	self, err := unix.FcntlInt(uintptr(self), unix.F_DUPFD_CLOEXEC, scoreFD+1)
	if err != nil {
		return err
	}
	if score, err = unix.FcntlInt(uintptr(score), unix.F_DUPFD_CLOEXEC, scoreFD+1); err != nil {
		return err
	}
	if err := unix.CloseRange(ControlFD+1, ^uint(0), unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return err
	}
	if err := unix.Dup3(score, scoreFD, 0); err != nil {
		return err
	}
	return execute(self, argv)
}

// execute replaces the process by a program that is open, with the control socket.
func execute(program int, args []string) error {
	if _, err := unix.FcntlInt(ControlFD, unix.F_SETFD, 0); err != nil {
		return err
	}
	reexec.ResetSignals()
	argv, err := syscall.SlicePtrFromStrings(args)
	if err != nil {
		return err
	}
	envv, err := syscall.SlicePtrFromStrings(Environ())
	if err != nil {
		return err
	}
	empty := [1]byte{}
	// The other threads of this stage end here; none of them outlives its capabilities.
	_, _, errno := unix.RawSyscall6(unix.SYS_EXECVEAT, uintptr(program), uintptr(unsafe.Pointer(&empty[0])),
		uintptr(unsafe.Pointer(&argv[0])), uintptr(unsafe.Pointer(&envv[0])), unix.AT_EMPTY_PATH, 0)
	return errno
}

// pivot moves the process into the new root and lets go of the old one.
func pivot() error {
	if err := unix.Chdir(stage); err != nil {
		return err
	}
	// The old root comes to lie over the new one, from where it is taken off.
	if err := unix.PivotRoot(".", "."); err != nil {
		return err
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return err
	}
	return unix.Chdir("/")
}

func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	ifr, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	ifr.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifr)
}

// fault says which step failed, if it did.
func fault(step string, err error) *control.Fault {
	if err == nil {
		return nil
	}
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		errno = unix.EIO
	}
	return &control.Fault{Step: step, Errno: int(errno)}
}
