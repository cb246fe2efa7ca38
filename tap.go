// SPDX-License-Identifier: MIT

package sandbox

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"
)

// tap reads what commands print, as it comes, and hands it to a sink. While
// the sink takes its time nothing is read, so that the command waits. A tap
// that waits holds no buffer.
type tap struct {
	file  *os.File
	sink  func([]byte)
	asked chan chan struct{} // by flush
	done  chan struct{}      // closed when there is no more
}

func newTap(file *os.File, sink func([]byte)) *tap {
	return &tap{file: file, sink: sink, asked: make(chan chan struct{}, 1), done: make(chan struct{})}
}

// chunk is the most that is read at a time: what a pipe holds, pipe(7).
type chunk [64 << 10]byte

var chunks = sync.Pool{New: func() any { return new(chunk) }}

// run reads until the end of the file, or until it is closed.
func (t *tap) run() {
	defer close(t.done)
	conn, err := t.file.SyscallConn()
	if err != nil {
		return
	}
	for {
		more := false
		err := conn.Read(func(fd uintptr) (ready bool) {
			ready, more = t.pass(fd)
			return ready
		})
		switch {
		case err == nil && more:
		case errors.Is(err, os.ErrDeadlineExceeded):
			t.drain(conn)
			_ = t.file.SetReadDeadline(time.Time{})
			close(<-t.asked)
		default:
			return
		}
	}
}

// pass hands on one chunk, if there is one, and says whether more may come.
func (t *tap) pass(fd uintptr) (ready, more bool) {
	buf := chunks.Get().(*chunk)
	defer chunks.Put(buf)
	n, err := 0, error(syscall.EINTR)
	for err == syscall.EINTR {
		n, err = syscall.Read(int(fd), buf[:])
	}
	if err == syscall.EAGAIN {
		return false, true
	}
	if err != nil || n <= 0 {
		return true, false // a terminal that nobody holds any more says EIO
	}
	t.sink(buf[:n])
	return true, true
}

// drain takes what is there by now. A pipe that is filled as fast as it is
// emptied is left when it was read as often as it can be full.
func (t *tap) drain(conn syscall.RawConn) {
	const most = 1 << 20 / len(chunk{}) // /proc/sys/fs/pipe-max-size
	for range most {
		ready, more := false, false
		// Control, unlike Read, heeds no deadline.
		if err := conn.Control(func(fd uintptr) { ready, more = t.pass(fd) }); err != nil || !ready || !more {
			return
		}
	}
}

// flush returns when all that was printed before has been handed on. One
// goroutine at a time may call it.
func (t *tap) flush() {
	ack := make(chan struct{})
	select {
	case t.asked <- ack:
	case <-t.done:
		return
	}
	_ = t.file.SetReadDeadline(time.Unix(1, 0))
	select {
	case <-ack:
	case <-t.done:
	}
}

// finish hands on what was printed before, and ends.
func (t *tap) finish() {
	t.flush()
	t.file.Close()
	<-t.done
}

// capture keeps the beginning of what it is given.
type capture struct {
	limit     int64 // negative: none
	data      []byte
	truncated bool
}

func (c *capture) keep(b []byte) {
	if c.limit >= 0 {
		if room := c.limit - int64(len(c.data)); int64(len(b)) > room {
			b = b[:room]
			c.truncated = true
		}
	}
	c.data = append(c.data, b...)
}
