// SPDX-License-Identifier: MIT

package sandbox

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"github.com/sandbox-rls/sandbox/runtime"
)

// lastWords is how long output is awaited after a command has ended: a process
// that it left may have held a pipe for a moment.
const lastWords = 2 * time.Second

// exchange is the standard input and output of one command.
type exchange struct {
	stdin, stdout, stderr *os.File // the command's ends
	input                 io.Reader
	feed                  *os.File // where input is written; nil: the command reads its file itself
	out, err              capture
	reading               sync.WaitGroup
}

// newExchange makes the pipes. They belong to the sandbox's user, who may open
// /dev/stdout anew.
func newExchange(input io.Reader, owner runtime.Owner, limit int64) (x *exchange, err error) {
	x = &exchange{input: input}
	defer func() {
		if err != nil {
			x.close()
		}
	}()
	if x.stdin, x.feed, err = inputFor(input, owner); err != nil {
		return x, err
	}
	if x.out.file, x.stdout, err = pipe(owner); err != nil {
		return x, err
	}
	if x.err.file, x.stderr, err = pipe(owner); err != nil {
		return x, err
	}
	x.out.limit, x.err.limit = limit, limit
	return x, nil
}

func inputFor(input io.Reader, owner runtime.Owner) (theirs, ours *os.File, err error) {
	if input == nil {
		theirs, err = os.Open(os.DevNull)
		return theirs, nil, err
	}
	return pipe(owner)
}

func pipe(owner runtime.Owner) (r, w *os.File, err error) {
	if r, w, err = os.Pipe(); err != nil {
		return nil, nil, err
	}
	if owner.UID >= 0 {
		// Both ends are one inode.
		if err := w.Chown(owner.UID, owner.GID); err != nil {
			r.Close()
			w.Close()
			return nil, nil, err
		}
	}
	return r, w, nil
}

// begin lets go of the command's ends and moves the data.
func (x *exchange) begin() {
	x.closeTheirs()
	if x.feed != nil {
		// A reader that blocks for ever must not hold the result.
		go func(w *os.File) {
			_, _ = io.Copy(w, x.input)
			w.Close()
		}(x.feed)
	}
	for _, c := range []*capture{&x.out, &x.err} {
		x.reading.Add(1)
		go func() {
			defer x.reading.Done()
			c.read()
		}()
	}
}

// finish takes what was printed, to the end or nearly so.
func (x *exchange) finish(r *ExecResult) {
	deadline := time.Now().Add(lastWords)
	_ = x.out.file.SetReadDeadline(deadline)
	_ = x.err.file.SetReadDeadline(deadline)
	x.reading.Wait()
	r.Stdout, r.StdoutTruncated = string(x.out.data), x.out.truncated
	r.Stderr, r.StderrTruncated = string(x.err.data), x.err.truncated
	if x.feed != nil {
		// Nobody reads it any more: a write that waits ends.
		_ = x.feed.SetWriteDeadline(time.Now())
	}
}

func (x *exchange) closeTheirs() {
	for _, f := range []**os.File{&x.stdin, &x.stdout, &x.stderr} {
		if *f != nil {
			(*f).Close()
			*f = nil
		}
	}
}

func (x *exchange) close() {
	x.closeTheirs()
	for _, f := range []*os.File{x.out.file, x.err.file} {
		if f != nil {
			f.Close()
		}
	}
}

// capture keeps the beginning of what a file gives, and reads the rest away.
type capture struct {
	file      *os.File
	limit     int64 // negative: none
	data      []byte
	truncated bool
}

func (c *capture) read() {
	buf := bufferPool.Get().(*[32 << 10]byte)
	defer bufferPool.Put(buf)
	for {
		n, err := c.file.Read(buf[:])
		c.keep(buf[:n])
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				c.truncated = true
			}
			return
		}
	}
}

var bufferPool = sync.Pool{New: func() any { return new([32 << 10]byte) }}

func (c *capture) keep(b []byte) {
	if c.limit >= 0 {
		if room := c.limit - int64(len(c.data)); int64(len(b)) > room {
			b = b[:room]
			c.truncated = true
		}
	}
	c.data = append(c.data, b...)
}
