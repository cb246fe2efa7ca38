// SPDX-License-Identifier: MIT

package main

import (
	"testing"
	"time"
)

func TestPercentile(t *testing.T) {
	var hundred samples
	for i := 100; i > 0; i-- {
		hundred = append(hundred, time.Duration(i))
	}
	for _, c := range []struct {
		in   samples
		p    float64
		want time.Duration
	}{
		{nil, 50, 0},
		{samples{7}, 99, 7},
		{samples{3, 1, 2}, 50, 2},
		{hundred, 50, 50},
		{hundred, 95, 95},
		{hundred, 99, 99},
		{hundred, 100, 100},
	} {
		if got := c.in.percentile(c.p); got != c.want {
			t.Errorf("percentile %v of %d samples = %d, want %d", c.p, len(c.in), got, c.want)
		}
	}
}
