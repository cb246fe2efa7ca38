// SPDX-License-Identifier: MIT

package initproc

import (
	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/control"
)

// openBinds copies what is bound of the host's tree, before anything is attached at the stage:
// a path that leads through it would be looked up in that, which may be what an earlier init has
// kept, with the sandbox's links in it.
func (r *root) openBinds(steps []control.Step) *control.Fault {
	r.binds = make(map[*control.Step]int)
	for i := range steps {
		s := &steps[i]
		if s.Op != control.OpBind {
			continue
		}
		tree, err := unix.OpenTree(unix.AT_FDCWD, s.Source, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
		if err == unix.ENOENT && s.Optional {
			continue
		}
		if err != nil {
			return fault(describe(s), err)
		}
		r.binds[s] = tree
	}
	return nil
}

// bind attaches a copy of a part of the host's tree. A file's mount point is made here.
func (r *root) bind(s *control.Step, target string) error {
	tree, ok := r.binds[s]
	if !ok {
		return nil // it was optional
	}
	delete(r.binds, s)
	defer unix.Close(tree)
	if err := makeMountPoint(tree, target); err != nil {
		return err
	}
	if err := setAttr(tree, "", s.Attr, unix.AT_RECURSIVE); err != nil {
		return err
	}
	return unix.MoveMount(tree, "", unix.AT_FDCWD, target, unix.MOVE_MOUNT_F_EMPTY_PATH)
}

func makeMountPoint(tree int, target string) error {
	var st unix.Stat_t
	if err := unix.Fstat(tree, &st); err != nil {
		return err
	}
	var err error
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		err = unix.Mkdir(target, 0o755)
	} else {
		err = unix.Mknod(target, unix.S_IFREG|0o644, 0)
	}
	if err == unix.EEXIST {
		return nil
	}
	return err
}

func bindFD(fd int, target string, attr uint64) error {
	tree, err := unix.OpenTree(fd, "", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_EMPTY_PATH)
	if err != nil {
		return err
	}
	defer unix.Close(tree)
	if err := setAttr(tree, "", attr, unix.AT_RECURSIVE); err != nil {
		return err
	}
	return unix.MoveMount(tree, "", unix.AT_FDCWD, target, unix.MOVE_MOUNT_F_EMPTY_PATH)
}
