// SPDX-License-Identifier: MIT

package sandbox

import (
	"errors"
	"io"
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
		b, err := nextChunk(conn)
		switch {
		case err == nil:
			t.hand(b)
		case errors.Is(err, os.ErrDeadlineExceeded):
			t.drain(conn)
			_ = t.file.SetReadDeadline(time.Time{})
			close(<-t.asked)
		default:
			return
		}
	}
}

func (t *tap) hand(b filled) {
	defer chunks.Put(b.chunk)
	t.sink(b.chunk[:b.n])
}

// drain takes what is there by now. A pipe that is filled as fast as it is
// emptied is left when it was read as often as it can be full.
func (t *tap) drain(conn syscall.RawConn) {
	const most = 1 << 20 / len(chunk{}) // /proc/sys/fs/pipe-max-size
	for range most {
		var b filled
		var err error
		// Control, unlike Read, heeds no deadline.
		if e := conn.Control(func(fd uintptr) { b, err = readChunk(fd) }); e != nil || err != nil {
			return
		}
		t.hand(b)
	}
}

// filled is a chunk that holds something.
type filled struct {
	chunk *chunk
	n     int
}

// nextChunk waits for something to read. The end is io.EOF.
func nextChunk(conn syscall.RawConn) (b filled, err error) {
	e := conn.Read(func(fd uintptr) bool {
		b, err = readChunk(fd)
		return err != syscall.EAGAIN
	})
	if e != nil {
		return b, e
	}
	return b, err
}

// readChunk reads what is there. Nothing is EAGAIN, the end io.EOF: for a terminal
// too, which says EIO once nobody holds it any more.
func readChunk(fd uintptr) (filled, error) {
	buf := chunks.Get().(*chunk)
	n, err := 0, error(syscall.EINTR)
	for err == syscall.EINTR {
		n, err = syscall.Read(int(fd), buf[:])
	}
	if err == nil && n > 0 {
		return filled{buf, n}, nil
	}
	chunks.Put(buf)
	if err == syscall.EAGAIN {
		return filled{}, err
	}
	return filled{}, io.EOF
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
