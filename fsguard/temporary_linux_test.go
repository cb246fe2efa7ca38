// SPDX-License-Identifier: MIT

package fsguard

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestWithTemporaryName has names taken, fewer than are tried and more.
func TestWithTemporaryName(t *testing.T) {
	for _, test := range []struct {
		taken int
		err   error // of the one that is free
		tries int
		want  error
	}{
		{0, nil, 1, nil},
		{1, nil, 2, nil},
		{maxTries - 1, nil, maxTries, nil},
		{1, unix.ENOSPC, 2, unix.ENOSPC},
		{1000, nil, maxTries, unix.EEXIST},
	} {
		tried := map[string]bool{}
		last := ""
		name, err := withTemporaryName(func(name string) error {
			tried[name], last = true, name
			if len(tried) <= test.taken {
				return unix.EEXIST
			}
			return test.err
		})
		if len(tried) != test.tries || err != test.want || err == nil && name != last {
			t.Errorf("%d taken: %q, %v after %d tries", test.taken, name, err, len(tried))
		}
	}
}
