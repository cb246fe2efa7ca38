// SPDX-License-Identifier: MIT

package main

import "time"

// side is one of the ways of doing the same thing.
type side struct {
	name string
	// do does it once and says how long it took.
	do func() (time.Duration, error)
}

// patience is how long one comparison may take before it makes do with fewer
// samples.
const patience = 90 * time.Second

// turns lets the sides do their thing n times, one after the other in each
// round, so that what disturbs the machine disturbs all of them. A first round
// warms up and is not counted. The order changes from round to round. Once
// patience is over there are no more rounds than a few.
func (l *lab) turns(n int, sides ...side) ([]samples, error) {
	taken := make([]samples, len(sides))
	began := time.Now()
	for round := -1; round < n; round++ {
		if round >= l.sizes.few && time.Since(began) > patience {
			break
		}
		for k := range sides {
			if err := l.ctx.Err(); err != nil {
				return nil, err
			}
			i := (k + round + 1) % len(sides)
			d, err := sides[i].do()
			if err != nil {
				return nil, err
			}
			if round >= 0 {
				taken[i] = append(taken[i], d)
			}
		}
	}
	return taken, nil
}

// timed measures f.
func timed(f func() error) func() (time.Duration, error) {
	return func() (time.Duration, error) {
		began := time.Now()
		err := f()
		return time.Since(began), err
	}
}

// after runs clean, unmeasured, when do has been measured.
func after(do func() (time.Duration, error), clean func() error) func() (time.Duration, error) {
	return func() (time.Duration, error) {
		d, err := do()
		if err != nil {
			return d, err
		}
		return d, clean()
	}
}
