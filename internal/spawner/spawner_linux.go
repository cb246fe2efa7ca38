// SPDX-License-Identifier: MIT

package spawner

import (
	"errors"
	"fmt"
	"io"
	"os"
	goruntime "runtime"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/control"
	"github.com/sandbox-rls/sandbox/internal/initproc"
)

// ErrGone is the answer when the spawner has died. What was asked of it was
// not done, and another can be asked.
var ErrGone = errors.New("the process that forks sandboxes has died")

// Spawner is a spawner as its owner holds it. All methods may be called
// concurrently.
type Spawner struct {
	conn    *control.Conn // to which the spawner never writes
	closing atomic.Bool
	done    chan struct{} // closed when the process is gone
	err     error         // why it could not be started; to be read after done

	mu    sync.Mutex
	inits map[*Process]bool // nil when the spawner has ended
}

// Begin starts a spawner. It returns before the process exists: what is asked of
// it meanwhile waits in its socket. The program is what it executes, and the
// inits after it; "" is this one itself. Another one must import this package, of
// the same initproc.Version.
func Begin(program string) (*Spawner, error) {
	if program == "" {
		program = "/proc/self/exe"
	}
	ours, theirs, err := control.Pair()
	if err != nil {
		return nil, err
	}
	conn, err := control.NewConn(ours)
	if err != nil {
		unix.Close(theirs)
		return nil, err
	}
	s := &Spawner{conn: conn, done: make(chan struct{}), inits: make(map[*Process]bool)}
	go s.run(program, theirs)
	return s, nil
}

// run starts the process and waits for its end. The kernel kills the spawner
// when the thread that started it ends, so that the thread does nothing else.
func (s *Spawner) run(program string, sock int) {
	goruntime.LockOSThread() // never unlocked: the thread ends with the goroutine
	pid, err := launch(program, sock)
	if err != nil {
		s.err = fmt.Errorf("starting the process that forks sandboxes: %w", err)
	}
	unix.Close(sock)
	if err == nil {
		wait(pid)
	}
	s.killInits()
	s.conn.Close()
	close(s.done)
}

// launch executes a program as a spawner: without new namespaces, so that the
// owner's memory is not copied, and in a session of its own, so that a
// terminal's signals do not reach it before its owner has acted on them.
func launch(program string, sock int) (int, error) {
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, &os.PathError{Op: "open", Path: os.DevNull, Err: err}
	}
	defer unix.Close(null)
	n := uintptr(null)
	return syscall.ForkExec(program, []string{spawnerArg, initproc.Version}, &syscall.ProcAttr{
		Env:   initproc.Environ(),
		Files: []uintptr{n, n, n, uintptr(sock)},
		Sys:   &syscall.SysProcAttr{Setsid: true, Pdeathsig: unix.SIGKILL},
	})
}

// Gone reports whether the spawner is known to have ended.
func (s *Spawner) Gone() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// Close ends the spawner, and all its inits with all processes of their
// sandboxes, and returns when none is left.
func (s *Spawner) Close() {
	s.closing.Store(true)
	s.conn.Close()
	<-s.done
}

// Spawn has an init forked, and returns it with the owner's end of its control
// socket. The cgroup is a directory, for an m that says so. When the kernel
// refuses, the error is its errno.
func (s *Spawner) Spawn(m *control.Spawn, cgroup ...int) (*Process, *control.Conn, error) {
	conn, answer, files, err := s.ask(m, cgroup...)
	if err != nil {
		return nil, nil, err
	}
	spawned, ok := answer.(*control.Spawned)
	if !ok || len(files) != 1 {
		control.CloseFiles(files)
		conn.Close()
		return nil, nil, control.ErrMalformed
	}
	return s.adopt(spawned.PID, files[0]), conn, nil
}

// MapIDs has a user namespace made and returns it as a file. When the kernel
// refuses, the error is its errno.
func (s *Spawner) MapIDs(m *control.MapIDs) (int, error) {
	conn, answer, files, err := s.ask(m)
	if err != nil {
		return -1, err
	}
	defer conn.Close()
	if _, ok := answer.(*control.Mapped); !ok || len(files) != 1 {
		control.CloseFiles(files)
		return -1, control.ErrMalformed
	}
	return files[0], nil
}

// ask sends a request together with a new socket, and takes the answer from
// that socket's other end: requests are answered one after another, and nobody
// has to tell whose answer is whose. If the spawner dies the socket dies with it,
// unless an init has it by then: one that waits for what the owner says, while
// the owner would wait for an answer.
func (s *Spawner) ask(m control.Message, files ...int) (*control.Conn, control.Message, []int, error) {
	ours, theirs, err := control.Pair()
	if err != nil {
		return nil, nil, nil, err
	}
	conn, err := control.NewConn(ours)
	if err != nil {
		unix.Close(theirs)
		return nil, nil, nil, err
	}
	err = s.conn.Send(m, append([]int{theirs}, files...)...)
	unix.Close(theirs)
	var answer control.Message
	var got []int
	if err == nil {
		answered := make(chan struct{})
		go func() {
			select {
			case <-s.done:
				conn.Close()
			case <-answered:
			}
		}()
		answer, got, err = conn.Receive(make([]byte, 128), make([]byte, 64))
		close(answered)
	}
	if fault, ok := answer.(*control.Fault); ok {
		control.CloseFiles(got)
		err = syscall.Errno(fault.Errno)
	}
	if err == nil {
		return conn, answer, got, nil
	}
	conn.Close()
	if err == io.ErrClosedPipe || err == io.EOF || errors.Is(err, os.ErrClosed) {
		err = s.end()
	}
	return nil, nil, nil, err
}

// end waits for the process, which closes its socket on no other occasion, and
// says why it ended.
func (s *Spawner) end() error {
	<-s.done
	switch {
	case s.closing.Load():
		return fmt.Errorf("the runtime is being closed: %w", os.ErrClosed)
	case s.err != nil:
		return s.err
	}
	return ErrGone
}
