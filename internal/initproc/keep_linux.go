// SPDX-License-Identifier: MIT

package initproc

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/control"
)

// keptDir is where kept file systems are put together and taken apart. It is
// gone before anything runs in the sandbox.
const keptDir = "/.kept"

// keep hands over the file systems at the targets: a detached tree of mounts,
// which holds them when this mount namespace is gone. Its top is a file system of
// its own that no path in the sandbox leads to. What the sandbox makes of the
// others is content of theirs: it cannot come to lie beside them.
//
// The tree is a copy of what is mounted here by the plan; nothing of the sandbox
// has run yet.
func (r *root) keep(targets []string) error {
	top := r.at + keptDir
	if err := r.emptied(top); err != nil {
		return err
	}
	if err := mountFS("tmpfs", "mode=0700,size=4k,nr_inodes=16", top, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOEXEC); err != nil {
		return err
	}
	for i, target := range targets {
		if err := r.copyMount(target, top+"/"+strconv.Itoa(i)); err != nil {
			return err
		}
	}
	if err := setAttr(unix.AT_FDCWD, top, unix.MOUNT_ATTR_RDONLY, 0); err != nil {
		return err
	}
	tree, err := unix.OpenTree(unix.AT_FDCWD, top, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
	if err != nil {
		return err
	}
	defer unix.Close(tree)
	// At once, and not with the rest: what was taken is the owner's again, also
	// when a later step fails.
	if err := control.Send(ControlFD, &control.Hello{Files: []string{"kept"}}, tree); err != nil {
		return err
	}
	if err := unix.Unmount(top, unix.MNT_DETACH); err != nil {
		return err
	}
	return os.Remove(top)
}

// emptied makes the directory, or frees it of what has been taken from it.
func (r *root) emptied(top string) error {
	err := unix.Mkdir(top, 0o700)
	if err == unix.EEXIST {
		return unix.Unmount(top, unix.MNT_DETACH)
	}
	return err
}

func (r *root) copyMount(target, name string) error {
	if err := unix.Mkdir(name, 0o700); err != nil {
		return err
	}
	tree, err := unix.OpenTree(unix.AT_FDCWD, r.at+target, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		return err
	}
	defer unix.Close(tree)
	return unix.MoveMount(tree, "", unix.AT_FDCWD, name, unix.MOVE_MOUNT_F_EMPTY_PATH)
}

// take attaches a file system that was kept. A detached tree may be attached in
// any mount namespace, whichever user namespace it was made in, but neither
// copied from there nor attached twice: it is moved to this namespace whole, and
// from there to its places. The attributes are set anew, so that they do not
// rest on where the tree comes from.
func (r *root) take(s *control.Step, target string) error {
	top := r.at + keptDir
	if r.kept >= 0 {
		if err := unix.Mkdir(top, 0o700); err != nil {
			return err
		}
		if err := unix.MoveMount(r.kept, "", unix.AT_FDCWD, top, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
			return err
		}
		unix.Close(r.kept)
		r.kept = -1
	}
	if err := unix.MoveMount(unix.AT_FDCWD, top+"/"+s.Source, unix.AT_FDCWD, target, 0); err != nil {
		return err
	}
	return setAttr(unix.AT_FDCWD, target, s.Attr, 0)
}
