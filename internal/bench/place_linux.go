// SPDX-License-Identifier: MIT

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// memory is a file system in memory, and needed what the trees, their copies and
// the large file take of it.
const (
	memory = "/dev/shm"
	needed = 6 << 30
)

// place is where the benchmarks work unless they are told: in memory if there
// is room, so that a disk's own pace is not measured.
func place() string {
	var st unix.Statfs_t
	if err := unix.Statfs(memory, &st); err != nil || st.Type != unix.TMPFS_MAGIC || st.Bavail*uint64(st.Bsize) < needed {
		return os.TempDir()
	}
	return memory
}
