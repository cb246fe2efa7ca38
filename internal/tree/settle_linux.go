// SPDX-License-Identifier: MIT

package tree

import (
	"time"

	"golang.org/x/sys/unix"
)

// unsettled is how long before now the last change of a tree may be for its times to
// say nothing of whether another has followed.
const unsettled = 50 * time.Millisecond

// Settle returns a time, in nanoseconds since 1970, that is later than the last
// change of anything that is listed, and not later than any change from now on: by
// the clock that the kernel takes such times from, which stands still for some
// milliseconds at a time. If the last change is as recent as that, it waits.
func (t *Tree) Settle() int64 {
	var last int64
	for i := range t.Entries {
		last = max(last, t.Entries[i].ChangeTime)
	}
	for {
		now := coarse()
		if now > last || now < last-int64(unsettled) { // or the clock was set back
			return now
		}
		time.Sleep(time.Millisecond)
	}
}

func coarse() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_REALTIME_COARSE, &ts); err != nil {
		return time.Now().UnixNano()
	}
	return ts.Nano()
}
