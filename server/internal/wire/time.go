// SPDX-License-Identifier: MIT

package wire

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/sandbox-rls/sandbox"
)

// What a Timestamp can be. A sandbox may give its files any time.
var (
	earliest = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC)
)

func timeTo(t time.Time) *timestamppb.Timestamp {
	switch {
	case t.IsZero():
		return nil
	case t.Before(earliest):
		t = earliest
	case t.After(latest):
		t = latest
	}
	return timestamppb.New(t)
}

func timeFrom(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}

// TimeFrom is the time of a request.
func TimeFrom(t *timestamppb.Timestamp) (time.Time, error) {
	if t == nil {
		return time.Time{}, nil
	}
	if err := t.CheckValid(); err != nil {
		return time.Time{}, fmt.Errorf("%w: a time: %v", sandbox.ErrInvalid, err)
	}
	return t.AsTime(), nil
}

// TimeTo is a time for a request.
func TimeTo(t time.Time) *timestamppb.Timestamp { return timeTo(t) }

func durationTo(d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(d)
}

// DurationFrom is the duration of a request.
func DurationFrom(d *durationpb.Duration) (time.Duration, error) {
	if d == nil {
		return 0, nil
	}
	if err := d.CheckValid(); err != nil {
		return 0, fmt.Errorf("%w: a duration: %v", sandbox.ErrInvalid, err)
	}
	return d.AsDuration(), nil
}
