// SPDX-License-Identifier: MIT

package sandbox

import "sync"

// outlet passes chunks from running taps to a consumer, one at a time. A tap
// waits until its chunk was taken, so that nothing is copied or kept.
type outlet struct {
	chunks chan ExecOutput
	taken  [2]chan struct{} // by stream
	left   chan struct{}    // closed when nobody takes any more
	once   sync.Once
}

func newOutlet() *outlet {
	return &outlet{chunks: make(chan ExecOutput), taken: [2]chan struct{}{make(chan struct{}), make(chan struct{})}, left: make(chan struct{})}
}

func (o *outlet) sink(s Stream) func([]byte) {
	return func(data []byte) {
		select {
		case o.chunks <- ExecOutput{Stream: s, Data: data}:
		case <-o.left:
			return
		}
		<-o.taken[s-Stdout]
	}
}

// pass gives all chunks to a consumer until done is closed, by when the taps
// have handed on everything. It says whether the consumer has taken all.
func (o *outlet) pass(done <-chan struct{}, take func(ExecOutput) bool) bool {
	defer o.leave()
	for {
		select {
		case c := <-o.chunks:
			if !o.give(c, take) {
				return false
			}
		case <-done:
			return true
		}
	}
}

func (o *outlet) give(c ExecOutput, take func(ExecOutput) bool) bool {
	defer func() { o.taken[c.Stream-Stdout] <- struct{}{} }()
	return take(c)
}

func (o *outlet) leave() { o.once.Do(func() { close(o.left) }) }
