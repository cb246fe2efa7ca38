// SPDX-License-Identifier: MIT

package initproc

import (
	"bytes"
	"strconv"

	"golang.org/x/sys/unix"
)

// fewWatches is what a sandbox may have of either in any case, if the host has as much.
const fewWatches = 16

// watchLimits are the limits of inotify(7): that of the host, for each user, and that
// of this user namespace (namespaces(7)).
var watchLimits = []struct{ host, own string }{
	{"/proc/sys/fs/inotify/max_user_instances", "/proc/sys/user/max_inotify_instances"},
	{"/proc/sys/fs/inotify/max_user_watches", "/proc/sys/user/max_inotify_watches"},
}

// boundWatches leaves half of the host's inotify instances and watches to others. The
// kernel counts those of a sandbox as its owner's besides, who would have none left.
// Where /proc/sys is read-only, as in most containers, nothing is bounded. The
// capability that it takes is given up: an overlay would act with it ever after.
func boundWatches() {
	for _, l := range watchLimits {
		host, err := readNumber(l.host)
		if err != nil {
			continue
		}
		// In a user namespace that is new there is no bound yet. Otherwise it may be the host's.
		if own, err := readNumber(l.own); err == nil && own > host {
			_ = writeFile(l.own, strconv.Itoa(shareOf(host)), 0)
		}
	}
	_ = dropCapability(unix.CAP_SYS_RESOURCE)
}

// shareOf is what one sandbox may have of a limit of the host.
func shareOf(host int) int { return min(host, max(host/2, fewWatches)) }

// readNumber reads a file with a number, past package os as writeFile does.
func readNumber(path string) (int, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	var buf [32]byte
	n, err := unix.Read(fd, buf[:])
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(string(bytes.TrimSpace(buf[:n])))
}
