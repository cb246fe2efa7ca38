// SPDX-License-Identifier: MIT

package initproc

import (
	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/control"
)

// enterCgroup moves this thread, which is the one that executes the second
// stage, into the cgroups that the files stand for, and makes a namespace that
// begins there: what is inside sees itself at the top.
func enterCgroup(s *control.Setup, tasks []int) *control.Fault {
	defer control.CloseFiles(tasks)
	for _, fd := range tasks {
		if _, err := unix.Write(fd, []byte("0")); err != nil {
			return fault("enter the cgroup", err)
		}
	}
	if !s.CgroupNS {
		return nil
	}
	if err := unix.Unshare(unix.CLONE_NEWCGROUP); err != nil {
		return fault("make a cgroup namespace", err)
	}
	return nil
}
