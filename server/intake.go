// SPDX-License-Identifier: MIT

package server

import (
	"io"
	"sync"
)

// intakeBytes is how much standard input is held of what a command has not read yet:
// so much later, the client's signals and sizes find their way past it.
const intakeBytes = 1 << 20

// intake is the standard input of a command on its way from its client. It holds
// what was given to it, which must not change.
type intake struct {
	mu      sync.Mutex
	change  *sync.Cond
	pieces  [][]byte
	size    int
	ended   bool // nothing more comes
	refused bool // nobody reads any more
}

func newIntake() *intake {
	in := &intake{}
	in.change = sync.NewCond(&in.mu)
	return in
}

// give hands on a piece, and waits as long as there is too much before it.
func (in *intake) give(piece []byte) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for in.size >= intakeBytes && !in.ended && !in.refused {
		in.change.Wait()
	}
	if len(piece) == 0 || in.ended || in.refused {
		return
	}
	in.pieces = append(in.pieces, piece)
	in.size += len(piece)
	in.change.Broadcast()
}

// Read waits for something to read.
func (in *intake) Read(p []byte) (int, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for len(in.pieces) == 0 && !in.ended && !in.refused {
		in.change.Wait()
	}
	if len(in.pieces) == 0 {
		return 0, io.EOF
	}
	n := copy(p, in.pieces[0])
	if in.pieces[0] = in.pieces[0][n:]; len(in.pieces[0]) == 0 {
		in.pieces[0], in.pieces = nil, in.pieces[1:]
	}
	in.size -= n
	in.change.Broadcast()
	return n, nil
}

// end says that nothing more comes.
func (in *intake) end() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.ended = true
	in.change.Broadcast()
}

// refuse drops what is there, and what comes.
func (in *intake) refuse() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.refused, in.pieces, in.size = true, nil, 0
	in.change.Broadcast()
}
