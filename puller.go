// SPDX-License-Identifier: MIT

package sandbox

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// puller passes a command's output to a consumer who reads stdout itself: what
// comes in great amounts then goes through no other goroutine. Stderr has a
// tap that runs, and that calls the consumer away from stdout when it has
// something.
type puller struct {
	out   *tap          // not run
	errs  chan []byte   // what the tap of stderr waits with
	taken chan struct{} // and that it was taken
	ended chan struct{} // closed when the command has, and stderr with it
	left  chan struct{} // closed when nobody takes any more
	once  sync.Once
	rest  chan struct{} // closed when what was left has been dropped; nil before left is closed, or when nothing was
}

func newPuller() *puller {
	return &puller{errs: make(chan []byte, 1), taken: make(chan struct{}), ended: make(chan struct{}), left: make(chan struct{})}
}

// begin takes over the taps of a command.
func (p *puller) begin(taps []*tap) {
	p.out = taps[0]
	for _, t := range taps[1:] {
		go t.run()
	}
}

// stderr hands a chunk to the consumer.
func (p *puller) stderr(data []byte) {
	select {
	case <-p.left:
		return
	case p.errs <- data:
	}
	p.call()
	select {
	case <-p.taken:
	case <-p.left:
	}
}

// call makes a consumer who waits for stdout look round.
func (p *puller) call() { _ = p.out.file.SetReadDeadline(time.Unix(1, 0)) }

// finish lets the consumer take what is there by now, and ends. The command
// has ended.
func (p *puller) finish(taps []*tap) {
	for _, t := range taps[1:] {
		t.finish()
	}
	close(p.ended)
	p.call()
	select {
	case <-p.out.done:
		p.out.file.Close()
	case <-p.left:
		p.out.file.Close()
		if p.rest != nil {
			<-p.rest
		}
	}
}

// pass gives all output to a consumer. It says whether the consumer has taken
// all, and drops what it has not.
func (p *puller) pass(take func(ExecOutput) bool) (all bool) {
	select {
	case <-p.left:
		return true
	default:
	}
	defer func() {
		if !all {
			p.leave()
		}
	}()
	if !p.passStdout(take) {
		return false
	}
	close(p.out.done)
	for {
		select {
		case b := <-p.errs:
			if !p.takeErr(b, take) {
				return false
			}
		case <-p.ended:
			p.once.Do(func() { close(p.left) })
			return true
		}
	}
}

// passStdout gives stdout to a consumer, to its end, and stderr meanwhile.
func (p *puller) passStdout(take func(ExecOutput) bool) bool {
	conn, err := p.out.file.SyscallConn()
	if err != nil {
		return false
	}
	going := true
	p.out.sink = func(b []byte) { going = going && take(ExecOutput{Stream: Stdout, Data: b}) }
	for going {
		b, err := nextChunk(conn)
		switch {
		case err == nil:
			p.out.hand(b)
			continue
		case err == io.EOF:
			return true
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return false // the consumer has had the rest dropped
		}
		_ = p.out.file.SetReadDeadline(time.Time{})
		select {
		case b := <-p.errs:
			going = p.takeErr(b, take)
		case <-p.ended:
			p.out.drain(conn)
			return going
		default:
		}
	}
	return false
}

func (p *puller) takeErr(b []byte, take func(ExecOutput) bool) bool {
	defer func() {
		select {
		case p.taken <- struct{}{}:
		case <-p.left:
		}
	}()
	return take(ExecOutput{Stream: Stderr, Data: b})
}

// leave drops what comes from now on.
func (p *puller) leave() {
	p.once.Do(func() {
		p.rest = make(chan struct{})
		close(p.left)
		go p.drop()
	})
}

func (p *puller) drop() {
	defer close(p.rest)
	conn, err := p.out.file.SyscallConn()
	if err != nil {
		return
	}
	for {
		b, err := nextChunk(conn)
		switch {
		case err == nil:
			chunks.Put(b.chunk)
		case errors.Is(err, os.ErrDeadlineExceeded):
			_ = p.out.file.SetReadDeadline(time.Time{})
		default:
			return
		}
	}
}
