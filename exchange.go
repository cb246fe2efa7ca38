// SPDX-License-Identifier: MIT

package sandbox

import (
	"io"
	"os"
	"time"

	"github.com/sandbox-rls/sandbox/internal/pty"
	"github.com/sandbox-rls/sandbox/runtime"
)

// exchange is the standard input and output of one command: three pipes, or a
// terminal.
type exchange struct {
	stdin, stdout, stderr *os.File // the command's ends
	input                 io.Reader
	feed                  *os.File // where input is written; nil: the command reads its file itself
	terminal              *os.File // the master of the command's terminal, if it has one
	taps                  []*tap
	puller                *puller // nil: the taps run
}

// receiver takes what a command prints: from taps that run, into sinks, or by
// pulling at them.
type receiver struct {
	sinks
	puller *puller // nil: the taps run
}

// sinks take what a command prints.
type sinks struct{ out, err func([]byte) }

// newExchange makes the pipes. They belong to the sandbox's user, who may open
// /dev/stdout anew.
func newExchange(input io.Reader, owner runtime.Owner, to receiver) (x *exchange, err error) {
	x = &exchange{input: input, puller: to.puller}
	defer func() {
		if err != nil {
			x.close()
		}
	}()
	if x.stdin, x.feed, err = inputFor(input, owner); err != nil {
		return x, err
	}
	for _, o := range []struct {
		theirs **os.File
		sink   func([]byte)
	}{{&x.stdout, to.out}, {&x.stderr, to.err}} {
		var ours *os.File
		if ours, *o.theirs, err = pipe(owner); err != nil {
			return x, err
		}
		x.taps = append(x.taps, newTap(ours, o.sink))
	}
	return x, nil
}

// newTerminal makes an exchange by a terminal of the sandbox's. What is
// printed on it has no part of its own for errors.
func newTerminal(input io.Reader, door runtime.Door, size pty.Size, to receiver) (*exchange, error) {
	master, slave, err := pty.Open(door.Root, size)
	if err != nil {
		return nil, err
	}
	if door.User != nil {
		if err := pty.Give(slave, door.User.UID); err != nil {
			master.Close()
			slave.Close()
			return nil, err
		}
	}
	return &exchange{
		stdin: slave, stdout: slave, stderr: slave, input: input, feed: master, terminal: master,
		taps: []*tap{newTap(master, to.out)}, puller: to.puller,
	}, nil
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
		go x.write()
	}
	if x.puller != nil {
		x.puller.begin(x.taps)
		return
	}
	for _, t := range x.taps {
		go t.run()
	}
}

// write gives the command its input.
func (x *exchange) write() {
	if x.terminal != nil {
		_ = pty.Type(x.terminal, x.input)
		return
	}
	_, _ = io.Copy(x.feed, x.input)
	x.feed.Close()
}

// lastWords is how long a terminal is given to hand over what was printed on
// it: the kernel does that in its own time. A pipe needs none.
const lastWords = 200 * time.Millisecond

// finish hands on all that was printed. The command has ended, and with it all
// of its processes: what they wrote is there, also when somebody else, to whom
// they gave the pipe, holds it open.
func (x *exchange) finish() {
	if x.terminal != nil {
		select {
		case <-x.taps[0].done:
		case <-time.After(lastWords):
		}
	}
	// Nobody reads the input any more: a write that waits ends.
	switch {
	case x.terminal != nil:
		_ = x.feed.SetWriteDeadline(time.Now())
	case x.feed != nil:
		x.feed.Close() // and not by write, whose reader may block for ever
	}
	if x.puller != nil {
		x.puller.finish(x.taps)
		return
	}
	for _, t := range x.taps {
		t.finish()
	}
}

func (x *exchange) closeTheirs() {
	for _, f := range []*os.File{x.stdin, x.stdout, x.stderr} {
		if f != nil {
			f.Close()
		}
	}
}

// close lets go of an exchange that did not begin.
func (x *exchange) close() {
	x.closeTheirs()
	if x.feed != nil {
		x.feed.Close()
	}
	for _, t := range x.taps {
		t.file.Close()
	}
}
