// SPDX-License-Identifier: MIT

package commit

import (
	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// near is the directory of the target that a goroutine looked at last. It may have been moved
// since: nothing is changed by it.
type near struct {
	path string // "": none
	fd   int
}

// enter opens the directory that holds path, or has it open. It is valid until the next call.
func (n *near) enter(root int, path string) (fd int, last string, err error) {
	dir, last := tree.Split(path)
	if n.path == dir {
		return n.fd, last, nil
	}
	n.leave()
	if fd, err = openBeneath(root, dir, pathFlags); err != nil {
		return -1, last, err
	}
	*n = near{dir, fd}
	return fd, last, nil
}

func (n *near) leave() {
	if n.path != "" {
		unix.Close(n.fd)
		n.path = ""
	}
}
