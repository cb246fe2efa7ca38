// SPDX-License-Identifier: MIT

// Package batch shares work out among a few goroutines while somebody still finds it.
package batch

import (
	"sync"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

const (
	// size is how many things a goroutine is given in one go. Where there are fewer
	// in all, no other goroutine is begun.
	size = 32
	// waiting is how many batches may wait for another goroutine.
	waiting = 64
)

// Work does something to each of some things. One goroutine at a time calls it.
type Work[T any] func(some []T)

// Queue takes things one after the other, from one goroutine, and has something done to each,
// in any order. All of it is done when Finish returns.
type Queue[T any] struct {
	own     Work[T]
	another func() (Work[T], func(), error)
	next    []T
	full    chan []T // nil: no other goroutine was begun
	group   sync.WaitGroup
}

// New makes a queue. own is what its goroutine does itself: what is left in the end, and what
// comes when the others have enough to do. another makes the same for another
// goroutine, and what is called at the end of that; with an error there is one fewer.
func New[T any](own Work[T], another func() (Work[T], func(), error)) *Queue[T] {
	return &Queue[T]{own: own, another: another}
}

// Add has something done to a thing.
func (q *Queue[T]) Add(thing T) {
	q.next = append(q.next, thing)
	if len(q.next) < size {
		return
	}
	some := q.next
	q.next = make([]T, 0, size)
	if q.full == nil {
		q.full = make(chan []T, waiting)
		for range tree.Workers() - 1 {
			q.begin()
		}
	}
	select {
	case q.full <- some:
	default:
		q.own(some)
	}
}

func (q *Queue[T]) begin() {
	work, done, err := q.another()
	if err != nil {
		return
	}
	q.group.Go(func() {
		defer done()
		for some := range q.full {
			work(some)
		}
	})
}

// Finish does what is left, and waits for the others. Nothing is added after it.
func (q *Queue[T]) Finish() {
	q.own(q.next)
	if q.full == nil {
		return
	}
	close(q.full)
	for some := range q.full {
		q.own(some)
	}
	q.group.Wait()
}
