// SPDX-License-Identifier: MIT

package sandbox

import "context"

// lock is a mutex for which one need not wait longer than a context goes on. Who waits
// gets it in turn.
type lock chan struct{}

func newLock() lock { return make(lock, 1) }

// Lock takes it, however long that lasts.
func (l lock) Lock() { l <- struct{}{} }

// Unlock gives it back.
func (l lock) Unlock() { <-l }

// wait takes it. The error is the context's: of one that has ended only when somebody
// else has the lock.
func (l lock) wait(ctx context.Context) error {
	select {
	case l <- struct{}{}:
		return nil
	default:
	}
	select {
	case l <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
