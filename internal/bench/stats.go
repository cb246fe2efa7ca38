// SPDX-License-Identifier: MIT

package main

import (
	"math"
	"slices"
	"time"
)

// samples are the durations of one thing, measured again and again.
type samples []time.Duration

// percentile is the smallest sample that p per cent of them do not exceed.
func (s samples) percentile(p float64) time.Duration {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	i := int(math.Ceil(p/100*float64(len(sorted)))) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}

func (s samples) median() time.Duration { return s.percentile(50) }

// ratio is that of the medians.
func ratio(a, b samples) float64 {
	if b.median() == 0 {
		return math.NaN()
	}
	return float64(a.median()) / float64(b.median())
}

// each is the median of one of the n runs that a sample is of.
func (s samples) each(n int) time.Duration { return s.median() / time.Duration(max(n, 1)) }
