// SPDX-License-Identifier: MIT

package initproc

import (
	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/control"
)

// keptDir is where the file system that is kept is attached when the process is in
// the sandbox's root already. Before anything runs there it is gone.
const keptDir = "/.kept"

// keep attaches the file system that outlives the init, new or as an earlier one
// has left it, and hands it over. Nothing in the sandbox can come upon it: it lies
// beneath the root that is about to be mounted, and goes with the host's root.
// What the sandbox gets to see are directories of it. So whatever the sandbox does
// is in these, and nothing can come to lie beside them.
//
// A detached mount may be attached in any mount namespace, whichever user namespace
// it was made in, but neither be copied from another namespace nor be attached twice:
// with the move, what the owner has is used up. So the owner gets a copy at once,
// and what was kept is not lost when a later step fails. Of a new one, with nothing to
// lose, the copy goes with the rest that is handed over.
func (r *root) keep(s *control.Step) error {
	place := r.at
	if place == "" {
		place = keptDir
		if err := unix.Mkdir(place, 0o700); err != nil {
			return err
		}
	}
	if err := r.attachKept(s, place); err != nil {
		return err
	}
	var err error
	if r.kept, err = unix.Open(place, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err != nil {
		return err
	}
	copied, err := unix.OpenTree(r.kept, "", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_EMPTY_PATH)
	if err != nil {
		return err
	}
	if r.left < 0 {
		r.copied = copied
		return nil
	}
	defer unix.Close(copied)
	return control.Send(ControlFD, &control.Hello{Files: []string{"kept"}}, copied)
}

func (r *root) attachKept(s *control.Step, place string) error {
	if r.left < 0 {
		return mountFS("tmpfs", s.Data, place, s.Attr)
	}
	if err := unix.MoveMount(r.left, "", unix.AT_FDCWD, place, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
		return err
	}
	return setAttr(unix.AT_FDCWD, place, s.Attr, 0)
}

// take binds a directory of what is kept.
func (r *root) take(s *control.Step, target string) error {
	if err := unix.Mkdirat(r.kept, s.Source, s.Mode); err != nil && err != unix.EEXIST {
		return err
	}
	tree, err := unix.OpenTree(r.kept, s.Source, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_SYMLINK_NOFOLLOW)
	if err != nil {
		return err
	}
	defer unix.Close(tree)
	if err := setAttr(tree, "", s.Attr, 0); err != nil {
		return err
	}
	return unix.MoveMount(tree, "", unix.AT_FDCWD, target, unix.MOVE_MOUNT_F_EMPTY_PATH)
}

// lastTake is the last step for which what is kept is needed; -1: none is.
func lastTake(steps []control.Step) int {
	last := -1
	for i := range steps {
		if steps[i].Op == control.OpTake {
			last = i
		}
	}
	return last
}

// leaveKept takes it out of the root, where it is in one.
func (r *root) leaveKept() error {
	if r.at != "" {
		return nil
	}
	if err := unix.Unmount(keptDir, unix.MNT_DETACH); err != nil {
		return err
	}
	return unix.Rmdir(keptDir)
}
