// SPDX-License-Identifier: MIT

// Package idrange names the host's user numbers that sandboxes get when their
// owner is root.
package idrange

import (
	"os"
	"strconv"
	"strings"
)

// The range. systemd's list of UID ranges (https://systemd.io/UIDS-GIDS) has
// nothing in it.
const (
	Base  = 1879048192
	Count = 65536
)

// Mapped reports whether the range exists in the user namespace of this
// process: it does not in a rootless container, where root is treated as any
// other user.
func Mapped() bool {
	data, err := os.ReadFile("/proc/self/uid_map")
	return err == nil && InMap(string(data))
}

// InMap reports whether a map of user numbers, of the form that
// user_namespaces(7) gives /proc/PID/uid_map, holds the whole range.
func InMap(uidMap string) bool {
	for line := range strings.Lines(uidMap) {
		f := strings.Fields(line)
		if len(f) != 3 {
			continue
		}
		first, err1 := strconv.ParseUint(f[0], 10, 32)
		count, err2 := strconv.ParseUint(f[2], 10, 32)
		if err1 == nil && err2 == nil && first <= Base && Base+Count <= first+count {
			return true
		}
	}
	return false
}
