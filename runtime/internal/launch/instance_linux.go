// SPDX-License-Identifier: MIT

package launch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/control"
	"github.com/sandbox-rls/sandbox/runtime"
)

// initProcess is an init as its owner holds it. Kill ends it and all processes of
// the sandbox, and returns when none is left. It is called once.
type initProcess interface{ Kill() }

// instance is a running sandbox.
type instance struct {
	proc initProcess
	conn *control.Conn
	door runtime.Door
	held *admission

	kept    *os.File          // the file system that outlives the instance; nil: none, or the caller's
	modes   map[string]uint32 // those of its directories at first
	resumed bool              // it is not new
	files   uint64            // the hard limit of open files of commands; 0: what the init's leaves

	mu      sync.Mutex
	next    uint64
	running map[uint64]*process

	patience     time.Duration // with the init
	commandEnded func()        // called when one has; nil: nobody wants to know

	taken atomic.Bool // the first process has got its set-up
	built chan error  // the outcome of the set-up
	done  chan struct{}
	kill  sync.Once
	close sync.Once
}

var (
	_ runtime.Instance = (*instance)(nil)
	_ runtime.Parker   = (*instance)(nil)
)

func newInstance(proc initProcess, conn *control.Conn, held *admission) *instance {
	return &instance{
		proc: proc, conn: conn, held: held, running: make(map[uint64]*process), patience: answering,
		built: make(chan error, 1), done: make(chan struct{}),
	}
}

// begin sends the orders, and waits for the sandbox to stand. With the first one go
// the files that it names, and those by which the process that takes it goes into
// its cgroup.
func (in *instance) begin(ctx context.Context, setups []*control.Setup, cfg runtime.Config, named, group []int) error {
	first, last := setups[0], setups[len(setups)-1]
	in.resumed = last.Kept
	go in.receive()
	files := slices.Concat(named, group)
	for _, setup := range setups {
		order := *setup
		if setup == first {
			order.Files = len(named)
		}
		if setup == last && setup.Kept {
			files = append(files, int(cfg.Scratch.Fd()))
		}
		err := in.send(&order, files...)
		if errors.Is(err, runtime.ErrEnded) {
			break // it has said why, or will be found to have ended
		}
		if err != nil {
			return err
		}
		files = nil
	}
	select {
	case err := <-in.built:
		if err != nil {
			return err
		}
	case <-ctx.Done():
		return ctx.Err()
	}
	if (in.door.Workspace == nil) != (cfg.View.Delta == "") || (in.door.Listener == nil) == cfg.Notify || (in.kept == nil) == (len(in.modes) > 0) {
		return errors.New("the init did not hand over what it was asked for")
	}
	return nil
}

// answering is how long an init may take for what it does at once: to read what it is
// sent, to kill, to answer. One that does not is not the one that was started any
// more, and is ended: nobody is to wait for it.
const answering = time.Minute

// await ends the sandbox if the init has not done what is due in time.
func (in *instance) await() (done func()) {
	t := time.AfterFunc(in.patience, in.Kill)
	return func() { t.Stop() }
}

func (in *instance) send(m control.Message, files ...int) error {
	done := in.await()
	err := in.conn.Send(m, files...)
	done()
	if errors.Is(err, io.ErrClosedPipe) {
		return runtime.ErrEnded
	}
	if err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	return nil
}

// receive takes the init's messages until it is gone. What it says is not
// trusted: a message that makes no sense ends the sandbox.
func (in *instance) receive() {
	defer in.ended()
	data, oob := make([]byte, 512), make([]byte, 64)
	for {
		m, files, err := in.conn.Receive(data, oob)
		if err != nil || !in.handle(m, files) {
			return
		}
	}
}

func (in *instance) handle(m control.Message, files []int) bool {
	if hello, ok := m.(*control.Hello); ok {
		return in.hello(hello, files)
	}
	if len(files) > 0 {
		control.DismissFiles(files)
		return false
	}
	switch m := m.(type) {
	case *control.Taken:
		in.taken.Store(true)
	case *control.Ready:
		select {
		case in.built <- nil:
		default:
		}
		return true
	case *control.Fault:
		select {
		case in.built <- in.fault(m):
		default:
		}
		return false
	case *control.Exit:
		in.finish(m.ID, runtime.Status{}, nil, m)
	case *control.Settled:
		in.settled(m.ID)
	case *control.Refused:
		in.finish(m.ID, runtime.Status{}, &runtime.StartError{Step: m.Step, Err: syscall.Errno(m.Errno)}, nil)
	default:
		return false
	}
	return true
}

func (in *instance) settled(id uint64) {
	in.mu.Lock()
	p := in.running[id]
	in.mu.Unlock()
	if p == nil {
		return
	}
	select {
	case p.settled <- struct{}{}:
	default:
	}
}

// hello takes the files that the init hands over, until it has said that all is built.
func (in *instance) hello(m *control.Hello, files []int) bool {
	if len(m.Files) != len(files) || in.door.Root != nil {
		control.DismissFiles(files)
		return false
	}
	for i, name := range m.Files {
		f := os.NewFile(uintptr(files[i]), name)
		switch {
		case name == "root" && in.door.Root == nil:
			in.door.Root = f
		case name == "workspace" && in.door.Workspace == nil:
			in.door.Workspace = f
		case name == "listener" && in.door.Listener == nil:
			in.door.Listener = f
		case name == "kept" && in.kept == nil && isTmpfs(f):
			in.kept = f
		default:
			f.Close()
		}
	}
	return true
}

// fault says why the sandbox could not be built.
func (in *instance) fault(f *control.Fault) error {
	if in.resumed && f.Step == control.StepKeep && f.Errno == int(unix.EINVAL) {
		return fmt.Errorf("building the sandbox: %w", runtime.ErrScratch)
	}
	return faultError(f)
}

func faultError(f *control.Fault) error {
	err := error(syscall.Errno(f.Errno))
	switch err {
	case unix.EPERM, unix.EACCES, unix.ENOSYS, unix.EINVAL, unix.ENODEV, unix.EOPNOTSUPP, unix.EBUSY:
		return fmt.Errorf("building the sandbox: %s: %w (%w)", f.Step, err, runtime.ErrUnsupported)
	}
	return fmt.Errorf("building the sandbox: %s: %w", f.Step, err)
}

// ended ends everything that waits for the init.
func (in *instance) ended() {
	in.mu.Lock()
	running := in.running
	in.running = nil
	in.mu.Unlock()
	in.conn.Dismiss()
	close(in.done)
	for _, p := range running {
		p.finish(runtime.Status{}, runtime.ErrEnded)
	}
	select {
	case in.built <- fmt.Errorf("building the sandbox: %w", runtime.ErrEnded):
	default:
	}
}

func (in *instance) Door() runtime.Door     { return in.door }
func (in *instance) Limits() runtime.Limits { return in.held.limits }
func (in *instance) Done() <-chan struct{}  { return in.done }

// Kill kills the init, which takes all processes of its PID namespace with it.
func (in *instance) Kill() { in.end(0) }

// end kills. What the init has said by then is still read, unless that takes
// longer than the given time.
func (in *instance) end(patience time.Duration) {
	in.kill.Do(func() {
		in.proc.Kill()
		select {
		case <-in.done:
		case <-time.After(patience):
		}
		in.conn.Interrupt()
		<-in.done
	})
}

// Close kills, removes the cgroup and closes the files of the door.
func (in *instance) Close() (err error) {
	in.Kill()
	in.close.Do(func() {
		if in.held.group != nil {
			err = in.held.group.Delete()
		}
		for _, f := range []*os.File{in.door.Root, in.door.Workspace, in.door.Listener, in.Scratch()} {
			if f != nil {
				f.Close()
			}
		}
	})
	return err
}
