// SPDX-License-Identifier: MIT

package initproc

import (
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/control"
)

// lastShelved is the last step for which the shelf is needed; -1: none is.
func lastShelved(steps []control.Step) int {
	last := -1
	for i, s := range steps {
		if s.Op == control.OpKeep || s.Op == control.OpTake {
			last = i
		}
	}
	return last
}

// shelfDir is where the shelf is, in the file system that the root comes to lie
// over, or in the root itself where another program has built that: from there
// it must be gone before anything runs in the sandbox.
const shelfDir = "/.kept"

// shelve attaches what an earlier init has kept, or makes a place to put together
// what is to be kept, where nothing in the sandbox can come upon it.
//
// A detached tree may be attached in any mount namespace, whichever user namespace
// it was made in, but neither be copied from another namespace nor be attached twice:
// with the move, what the owner has is used up. So the owner gets a copy at once:
// what was kept is not lost when a later step fails.
func (r *root) shelve() *control.Fault {
	if err := r.makeShelf(); err != nil {
		return fault("make a place for what is kept", err)
	}
	if r.kept < 0 {
		return fault("open the place for what is kept", r.openShelf())
	}
	return fault(control.StepTake, r.attachKept())
}

func (r *root) makeShelf() error {
	place := r.at + shelfDir
	if r.at == "" {
		if err := unix.Mkdir(place, 0o700); err != nil || r.kept >= 0 {
			return err
		}
		return mountShelf(place)
	}
	if err := mountShelf(r.at); err != nil {
		return err
	}
	return unix.Mkdir(place, 0o700)
}

func mountShelf(place string) error {
	return mountFS("tmpfs", "mode=0700,size=4k,nr_inodes=16", place, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOEXEC)
}

func (r *root) openShelf() (err error) {
	r.shelf, err = unix.Open(r.at+shelfDir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	return err
}

func (r *root) attachKept() error {
	if err := unix.MoveMount(r.kept, "", unix.AT_FDCWD, r.at+shelfDir, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
		return err
	}
	if err := r.openShelf(); err != nil {
		return err
	}
	return r.handOver()
}

// unshelve leaves nothing of it in the sandbox's root.
func (r *root) unshelve() error {
	if r.at != "" {
		return nil // it goes with the host's root
	}
	if err := unix.Unmount(shelfDir, unix.MNT_DETACH); err != nil {
		return err
	}
	return unix.Rmdir(shelfDir)
}

// keep puts the file systems at the targets onto the shelf, beneath a directory
// that no path in the sandbox leads to, and hands it over. Whatever the sandbox
// makes of them is content of theirs: nothing can come to lie beside them.
func (r *root) keep(targets []string) error {
	for i, target := range targets {
		if err := r.copyMount(target, strconv.Itoa(i)); err != nil {
			return err
		}
	}
	return r.handOver()
}

func (r *root) copyMount(target, name string) error {
	if err := unix.Mkdirat(r.shelf, name, 0o700); err != nil {
		return err
	}
	tree, err := unix.OpenTree(unix.AT_FDCWD, r.at+target, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		return err
	}
	defer unix.Close(tree)
	return unix.MoveMount(tree, "", r.shelf, name, unix.MOVE_MOUNT_F_EMPTY_PATH)
}

// handOver gives the owner a detached copy of the mounts, which holds the file
// systems when this mount namespace is gone. Nothing of the sandbox runs yet.
func (r *root) handOver() error {
	tree, err := unix.OpenTree(r.shelf, "", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE|unix.AT_EMPTY_PATH)
	if err != nil {
		return err
	}
	defer unix.Close(tree)
	return control.Send(ControlFD, &control.Hello{Files: []string{"kept"}}, tree)
}

// take moves a file system from the shelf to its place. The attributes are set
// anew, so that they do not rest on where it comes from.
func (r *root) take(s *control.Step, target string) error {
	if err := unix.MoveMount(r.shelf, s.Source, unix.AT_FDCWD, target, 0); err != nil {
		return err
	}
	return setAttr(unix.AT_FDCWD, target, s.Attr, 0)
}
