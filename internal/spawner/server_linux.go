// SPDX-License-Identifier: MIT

package spawner

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/control"
)

// server is the state of a spawner. All of it is the main thread's.
type server struct {
	epoll    int
	children map[int]int // an init's pidfd → its PID
	buf      control.Buffer
}

// serve carries out what the owner asks until the owner is gone or closes the
// socket, and then ends all inits.
func serve() int {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return 1
	}
	s := &server{epoll: epoll, children: make(map[int]int)}
	if err := s.watch(socketFD); err != nil {
		return 1
	}
	defer s.end()
	var events [16]unix.EpollEvent
	for {
		n, err := unix.EpollWait(s.epoll, events[:], -1)
		if err != nil && err != unix.EINTR {
			return 1
		}
		for i := range max(n, 0) {
			if fd := int(events[i].Fd); fd != socketFD {
				s.reap(fd)
			} else if !s.request() {
				return 0
			}
		}
	}
}

func (s *server) watch(fd int) error {
	return unix.EpollCtl(s.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
}

// request carries out one thing that the owner asks. It reports whether there
// was one.
func (s *server) request() bool {
	m, files, err := control.Receive(socketFD, &s.buf)
	if err != nil || len(files) == 0 {
		return false
	}
	defer control.CloseFiles(files)
	switch m := m.(type) {
	case *control.Spawn:
		s.spawn(m, files)
	case *control.MapIDs:
		mapIDs(m, files[0])
	default:
		return false
	}
	return true
}

func (s *server) spawn(m *control.Spawn, files []int) {
	pid, pidfd, err := forkInit(m, files)
	if err != nil {
		refuse(files[0], "fork", err)
		return
	}
	s.children[pidfd] = pid
	if err := s.watch(pidfd); err != nil {
		s.kill(pidfd)
		s.reap(pidfd)
		refuse(files[0], "epoll_ctl", err)
		return
	}
	if err := control.Send(files[0], &control.Spawned{PID: pid}, pidfd); err != nil {
		s.kill(pidfd) // nobody knows of it
		refuse(files[0], "hand over the pidfd", err)
	}
}

func mapIDs(m *control.MapIDs, reply int) {
	ns, err := makeUserNamespace(m)
	if err != nil {
		refuse(reply, "make a user namespace", err)
		return
	}
	defer unix.Close(ns)
	if err := control.Send(reply, &control.Mapped{}, ns); err != nil {
		refuse(reply, "hand over a user namespace", err)
	}
}

func refuse(reply int, step string, err error) {
	errno := syscall.Errno(unix.EIO)
	errors.As(err, &errno)
	_ = control.Send(reply, &control.Fault{Step: step, Errno: int(errno)})
}

func (s *server) kill(pidfd int) { _ = unix.PidfdSendSignal(pidfd, unix.SIGKILL, nil, 0) }

// reap waits for an init that has ended. Its number is its own until then.
func (s *server) reap(pidfd int) {
	wait(s.children[pidfd])
	delete(s.children, pidfd)
	// Closing is not enough: the owner has the same file open.
	_ = unix.EpollCtl(s.epoll, unix.EPOLL_CTL_DEL, pidfd, nil)
	unix.Close(pidfd)
}

// end kills all inits and returns when nothing is left of them.
func (s *server) end() {
	for pidfd := range s.children {
		s.kill(pidfd)
	}
	for _, pid := range s.children {
		wait(pid)
	}
}

func wait(pid int) {
	for {
		if _, err := unix.Wait4(pid, nil, 0, nil); err != unix.EINTR {
			return
		}
	}
}
