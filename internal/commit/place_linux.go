// SPDX-License-Identifier: MIT

package commit

import (
	"io/fs"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// seen is the directory that was looked at last: most changes come one after the
// other in one.
type seen struct {
	path string
	fd   int
	home int
	parent
}

// place finds out what the target has at the path, and where. It is false when
// that settles what becomes of it.
func (j *judge) place(n *node) bool {
	path := n.change.Path
	dir, last := tree.Split(path)
	if i, ok := j.index[dir]; ok && path != "/" && j.nodes[i].makesDir() {
		up := &j.nodes[i]
		n.now, n.home, n.dir = nil, up.home, up.dir // nothing can be in it
		return true
	}
	err := j.look(n, dir, last)
	switch {
	case err == nil:
		return true
	case n.change.Kind == delta.Deleted && (err == unix.ENOENT || blocked(err) != "" && j.replaced(dir)):
		n.set(unchanged, "")
	case blocked(err) != "":
		n.set(conflict, blocked(err))
	default:
		n.set(failed, "cannot be examined: "+err.Error())
	}
	return false
}

// replaced reports whether the sandbox put something else in the place of the
// directory dir, or of one above it.
func (j *judge) replaced(dir string) bool {
	for ; dir != "/"; dir, _ = tree.Split(dir) {
		if i, ok := j.index[dir]; ok && j.nodes[i].change.Kind != delta.Deleted {
			n := &j.nodes[i]
			return n.fate == unchanged && !n.change.Mode.IsDir()
		}
	}
	return false
}

func (j *judge) look(n *node, dir, last string) error {
	if err := j.enter(dir); err != nil {
		return err
	}
	n.home, n.dir = j.dir.home, j.dir.parent
	if n.now != nil { // found ahead
		return nil
	}
	var err error
	n.now, err = examine(j.root, j.dir.fd, last, n.change.Path)
	return err
}

// enter opens a directory and looks where it is.
func (j *judge) enter(dir string) error {
	if j.dir.path == dir {
		return nil
	}
	j.leave()
	fd, err := openBeneath(j.root, dir, pathFlags)
	if err != nil {
		return err
	}
	at := seen{path: dir, fd: fd}
	if err := j.locate(&at); err != nil {
		unix.Close(fd)
		return err
	}
	j.dir = at
	return nil
}

func (j *judge) locate(at *seen) error {
	e, err := stat(at.fd, "", at.path)
	if err != nil {
		return err
	}
	at.parent = parent{e.UID, e.GID, e.Mode&fs.ModeSetgid != 0}
	mount, err := mountOf(at.fd)
	if err != nil {
		return err
	}
	var ok bool
	if at.home, ok = j.mounts[mount]; !ok {
		at.home, err = j.newHome(mount, at.path)
	}
	return err
}

func (j *judge) leave() {
	if j.dir.path != "" {
		unix.Close(j.dir.fd)
	}
	j.dir = seen{}
}

// newHome finds the root of the mount that the directory dir is in.
func (j *judge) newHome(mount uint64, dir string) (int, error) {
	for end := 0; end < len(dir); {
		next := strings.IndexByte(dir[end+1:], '/')
		if next < 0 {
			end = len(dir)
		} else {
			end += 1 + next
		}
		fd, err := openBeneath(j.root, dir[:end], pathFlags)
		if err != nil {
			return 0, err
		}
		id, err := mountOf(fd)
		var e *tree.Entry
		if err == nil {
			e, err = stat(fd, "", dir)
		}
		unix.Close(fd)
		if err != nil {
			return 0, err
		}
		if id == mount {
			j.homes = append(j.homes, home{Path: name(dir[:end]), Ino: e.Ino})
			j.mounts[mount] = len(j.homes) - 1
			return len(j.homes) - 1, nil
		}
	}
	return 0, unix.EXDEV
}
