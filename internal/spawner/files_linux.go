// SPDX-License-Identifier: MIT

package spawner

import (
	"bytes"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// raiseFiles gives this process, and the inits that it forks, the highest limit of
// open files that there is, as far as it may. The kernel refuses to send descriptors
// while more than the sender's limit are under way, whichever process of that user
// sent them (ETOOMANYREFS of unix(7)): the higher the limit, the less a command can do
// to keep inits from handing over theirs.
func raiseFiles() {
	data, err := os.ReadFile("/proc/sys/fs/nr_open")
	if err != nil {
		return
	}
	most, err := strconv.ParseUint(string(bytes.TrimSpace(data)), 10, 64)
	if err != nil {
		return
	}
	var own unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &own); err != nil || own.Max >= most {
		return
	}
	_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: most, Max: most})
}
