// SPDX-License-Identifier: MIT

package commit

import (
	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// stay is for how many steps a directory is kept open. It may be moved meanwhile, and the
// steps are done in it wherever it is then.
const stay = 32

// near is the directory of the target that a goroutine did a step in, since most steps come one
// after the other in one.
type near struct {
	path  string // "": none
	fd    int
	steps int // for how many more it is kept
}

// enter opens the directory that holds path, or has it open. It is valid until the next call.
func (n *near) enter(root int, path string) (fd int, last string, err error) {
	dir, last := tree.Split(path)
	if n.path == dir && n.steps > 0 {
		n.steps--
		return n.fd, last, nil
	}
	n.leave()
	if fd, err = openBeneath(root, dir, pathFlags); err != nil {
		return -1, last, err
	}
	*n = near{dir, fd, stay - 1}
	return fd, last, nil
}

func (n *near) leave() {
	if n.path != "" {
		unix.Close(n.fd)
		n.path = ""
	}
}
