// SPDX-License-Identifier: MIT

// Package leaktest finds goroutines that a test has left.
package leaktest

import (
	"time"

	"go.uber.org/goleak"
)

// patience is for how long goroutines may end: goleak's own half a second is too short
// on a busy machine.
const patience = time.Minute

// Find waits until there are no goroutines but those that the options leave out, as
// goleak.Find does, and says which are there after a minute.
func Find(options ...goleak.Option) error {
	for end := time.Now().Add(patience); ; {
		if err := goleak.Find(options...); err == nil || time.Now().After(end) {
			return err
		}
	}
}
