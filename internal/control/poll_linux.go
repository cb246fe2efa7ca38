// SPDX-License-Identifier: MIT

package control

import (
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Conn is the owner's end of a control socket. A goroutine that waits on it
// takes no thread.
type Conn struct {
	file *os.File
	raw  syscall.RawConn
}

// NewConn takes over a socket.
func NewConn(sock int) (*Conn, error) {
	if err := unix.SetNonblock(sock, true); err != nil {
		unix.Close(sock)
		return nil, os.NewSyscallError("fcntl", err)
	}
	f := os.NewFile(uintptr(sock), "control socket")
	raw, err := f.SyscallConn()
	if err != nil {
		f.Close()
		return nil, err
	}
	return &Conn{f, raw}, nil
}

// Send writes a message with files. A peer that is gone is io.ErrClosedPipe.
// Concurrent calls do not mix their messages.
func (c *Conn) Send(m Message, files ...int) error {
	b, spill, err := Pack(m)
	if err != nil {
		return err
	}
	if spill >= 0 {
		defer unix.Close(spill)
		files = append(files, spill)
	}
	var oob []byte
	if len(files) > 0 {
		oob = unix.UnixRights(files...)
	}
	var sent error
	err = c.raw.Write(func(fd uintptr) bool {
		for sent = unix.EINTR; sent == unix.EINTR; {
			sent = unix.Sendmsg(int(fd), b, oob, nil, unix.MSG_NOSIGNAL)
		}
		return sent != unix.EAGAIN
	})
	// Waiting fails when the socket is closed, and for nothing else.
	if err != nil || sent == unix.EPIPE || sent == unix.ECONNRESET {
		return io.ErrClosedPipe
	}
	return sent
}

// Receive reads one message of an init and its files. The end of the peer is io.EOF.
// A peer that ends with something unread shows as ECONNRESET, once, before what it
// has said itself is read.
func (c *Conn) Receive(data, oob []byte) (Message, []int, error) {
	var n, oobn, flags int
	var got error
	err := c.raw.Read(func(fd uintptr) bool {
		for got = unix.EINTR; got == unix.EINTR || got == unix.ECONNRESET; {
			n, oobn, flags, _, got = unix.Recvmsg(int(fd), data, oob, unix.MSG_CMSG_CLOEXEC)
		}
		return got != unix.EAGAIN
	})
	if err != nil {
		return nil, nil, os.ErrClosed
	}
	if got != nil {
		return nil, nil, got
	}
	m, files, err := UnpackPeer(data[:n], oob[:oobn], flags)
	if err == nil && m == nil {
		err = io.EOF
	}
	return m, files, err
}

// Close closes the socket, and ends a Receive that waits.
func (c *Conn) Close() error { return c.file.Close() }
