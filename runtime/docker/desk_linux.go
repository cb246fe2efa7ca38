// SPDX-License-Identifier: MIT

package docker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/control"
	"github.com/sandbox-rls/sandbox/runtime"
)

// desk is where the owner waits for the init of one container: a directory with a
// socket, which the container sees until the init has called.
type desk struct {
	dir    string // private
	open   string // what the container sees of it
	socket int
}

const deskPrefix = "sandbox-docker-"

func newDesk(owner string) (d *desk, err error) {
	d = &desk{socket: -1}
	if d.dir, err = os.MkdirTemp("", deskPrefix+owner+"-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	d.open = filepath.Join(d.dir, "desk")
	if err := os.Mkdir(d.open, 0o755); err != nil {
		return nil, err
	}
	// Whatever the umask is: the container's user is another one.
	if err := os.Chmod(d.open, 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(d.open, "init"), nil, 0o644); err != nil { // to be mounted on
		return nil, err
	}
	if d.socket, err = unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0); err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	if err := d.listen(); err != nil {
		return nil, err
	}
	return d, nil
}

// listen binds the socket by a name that is short, however long the directory's is.
func (d *desk) listen() error {
	dir, err := unix.Open(d.open, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: d.open, Err: err}
	}
	defer unix.Close(dir)
	if err := unix.Bind(d.socket, &unix.SockaddrUnix{Name: fmt.Sprintf("/proc/self/fd/%d/socket", dir)}); err != nil {
		return os.NewSyscallError("bind", err)
	}
	if err := os.Chmod(filepath.Join(d.open, "socket"), 0o666); err != nil {
		return err
	}
	return os.NewSyscallError("listen", unix.Listen(d.socket, 1))
}

// caller is an init that has called.
type caller struct {
	conn  *control.Conn
	pid   int
	pidfd int
	user  runtime.Owner
}

// pause is how long accept looks away, so that it takes no thread.
const pause = 2 * time.Millisecond

// accept waits for the init.
func (d *desk) accept(ctx context.Context) (*caller, error) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		fd, _, err := unix.Accept4(d.socket, unix.SOCK_CLOEXEC)
		switch err {
		case nil:
			return identify(fd)
		case unix.EAGAIN, unix.EINTR, unix.ECONNABORTED:
		default:
			return nil, os.NewSyscallError("accept", err)
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// identify finds out who has called, by what the kernel says of that.
func identify(fd int) (*caller, error) {
	cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		unix.Close(fd)
		return nil, os.NewSyscallError("getsockopt", err)
	}
	if cred.Pid == 0 {
		unix.Close(fd)
		return nil, fmt.Errorf("the container's processes cannot be seen from here: the engine is not on this machine, or this process is in a PID namespace (%w)", runtime.ErrUnsupported)
	}
	pidfd, err := unix.PidfdOpen(int(cred.Pid), 0)
	if err == nil && hungUp(fd) { // then the number may be another's by now
		unix.Close(pidfd)
		err = errors.New("it has ended")
	}
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("the container's first process: %w", err)
	}
	conn, err := control.NewConn(fd)
	if err != nil {
		unix.Close(pidfd)
		return nil, err
	}
	return &caller{conn, int(cred.Pid), pidfd, runtime.Owner{UID: int(cred.Uid), GID: int(cred.Gid)}}, nil
}

func hungUp(fd int) bool {
	poll := []unix.PollFd{{Fd: int32(fd)}}
	n, err := unix.Poll(poll, 0)
	for err == unix.EINTR { // even if there is nothing to wait for
		n, err = unix.Poll(poll, 0)
	}
	return err != nil || n > 0 && poll[0].Revents&(unix.POLLHUP|unix.POLLERR) != 0
}

func (d *desk) close() {
	if d.socket >= 0 {
		unix.Close(d.socket)
	}
	_ = os.RemoveAll(d.dir)
}
