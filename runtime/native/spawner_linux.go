// SPDX-License-Identifier: MIT

package native

import (
	goruntime "runtime"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/initproc"
)

// spawner forks the inits. They ask the kernel to be killed when their parent
// dies, and that means the thread which forked them: so that one thread does
// it for all of them and lives until the runtime is closed.
type spawner struct {
	mu   sync.Mutex
	work chan func() // nil: no thread
}

func (s *spawner) start(attr *syscall.SysProcAttr, sock int, files []int) (proc initProcess, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.work == nil {
		s.work = make(chan func())
		go spawn(s.work)
	}
	done := make(chan struct{})
	s.work <- func() {
		defer close(done)
		proc, err = fork(attr, sock, files)
	}
	<-done
	return proc, err
}

func spawn(work <-chan func()) {
	goruntime.LockOSThread() // never unlocked: the thread ends with the goroutine
	for f := range work {
		f()
	}
}

// close ends the thread, and with it every init that still runs.
func (s *spawner) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.work != nil {
		close(s.work)
		s.work = nil
	}
}

func fork(attr *syscall.SysProcAttr, sock int, files []int) (initProcess, error) {
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return initProcess{}, err
	}
	defer unix.Close(null)
	inherit := []uintptr{uintptr(null), uintptr(null), uintptr(null), uintptr(sock)}
	for _, fd := range files {
		inherit = append(inherit, uintptr(fd))
	}
	pidfd := -1
	attr.PidFD = &pidfd
	pid, err := syscall.ForkExec("/proc/self/exe", initproc.Argv(), &syscall.ProcAttr{
		Env:   initproc.Environ(),
		Files: inherit,
		Sys:   attr,
	})
	if err != nil {
		return initProcess{}, err
	}
	return initProcess{pid: pid, pidfd: pidfd}, nil
}

// initProcess is an init as its parent sees it.
type initProcess struct{ pid, pidfd int }

// kill ends the init, and with it every process of its PID namespace, and
// returns when all of them are gone.
func (p initProcess) kill() {
	_ = unix.PidfdSendSignal(p.pidfd, unix.SIGKILL, nil, 0)
	for {
		_, err := unix.Wait4(p.pid, nil, 0, nil)
		if err != unix.EINTR {
			break
		}
	}
	unix.Close(p.pidfd)
}
