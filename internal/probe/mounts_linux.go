// SPDX-License-Identifier: MIT

package probe

import (
	"errors"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// stage is where the child puts its mounts together, as a sandbox's init does.
const stage = "/tmp"

// tryMounts makes the kinds of mounts that a sandbox is made of.
func tryMounts(purpose string) {
	tell("private", unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	layer := -1
	if purpose != forInherited {
		// Before the stage comes to lie over it.
		fd, err := unix.Open(purpose, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		tell("layer", err)
		layer = fd
	}
	err := mountFS("tmpfs", "mode=0755,size=1m", stage)
	tell("tmpfs", err)
	if err != nil {
		return
	}
	if purpose == forInherited {
		layer, err = attach(layerFD, stage+"/layer")
		tell("layer", err)
	}
	tell("bind", bindReadOnly("/usr", stage+"/usr"))
	tell("proc", mountOn("proc", "", stage+"/proc"))
	err = mountOn("devpts", "newinstance,ptmxmode=0666,mode=0620", stage+"/pts")
	tell("devpts", err)
	if err == nil {
		tell("pty", openPTY(stage+"/pts/ptmx"))
	}
	if layer >= 0 {
		tryOverlay(layer)
	}
	tell("pivot", pivot())
}

func mountOn(kind, options, target string) error {
	if err := unix.Mkdir(target, 0o755); err != nil {
		return err
	}
	return mountFS(kind, options, target)
}

// mountFS makes a file system by the mount API of Linux 5.2 and attaches it.
func mountFS(kind, options, target string) error {
	fs, err := unix.Fsopen(kind, unix.FSOPEN_CLOEXEC)
	if err != nil {
		return err
	}
	defer unix.Close(fs)
	for o := range strings.SplitSeq(options, ",") {
		if key, value, ok := strings.Cut(o, "="); ok {
			err = unix.FsconfigSetString(fs, key, value)
		} else if o != "" {
			err = unix.FsconfigSetFlag(fs, o)
		}
		if err != nil {
			return err
		}
	}
	if err := unix.FsconfigCreate(fs); err != nil {
		return err
	}
	mnt, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, unix.MOUNT_ATTR_NOSUID)
	if err != nil {
		return err
	}
	defer unix.Close(mnt)
	return unix.MoveMount(mnt, "", unix.AT_FDCWD, target, unix.MOVE_MOUNT_F_EMPTY_PATH)
}

// attach attaches a detached mount and opens it there.
func attach(tree int, target string) (int, error) {
	if err := unix.Mkdir(target, 0o700); err != nil {
		return -1, err
	}
	if err := unix.MoveMount(tree, "", unix.AT_FDCWD, target, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
		return -1, err
	}
	return unix.Open(target, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
}

// bindReadOnly attaches a copy of a part of the tree that nobody can write to.
func bindReadOnly(source, target string) error {
	if err := unix.Mkdir(target, 0o755); err != nil && err != unix.EEXIST {
		return err
	}
	tree, err := unix.OpenTree(unix.AT_FDCWD, source, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
	if err != nil {
		return err
	}
	defer unix.Close(tree)
	attr := &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV}
	if err := unix.MountSetattr(tree, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, attr); err != nil {
		return err
	}
	return unix.MoveMount(tree, "", unix.AT_FDCWD, target, unix.MOVE_MOUNT_F_EMPTY_PATH)
}

// openPTY makes a terminal.
func openPTY(ptmx string) error {
	fd, err := unix.Open(ptmx, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	_, err = unix.IoctlGetInt(fd, unix.TIOCGPTN)
	return err
}

// tryOverlay mounts an overlay of the directories that the parent made in the
// layer, changes something in it, and covers it as a workspace is covered.
func tryOverlay(layer int) {
	merged := stage + "/merged"
	err := unix.Mkdir(merged, 0o755)
	if err == nil {
		at := "/proc/self/fd/" + strconv.Itoa(layer)
		options := "userxattr,lowerdir=" + at + "/lower,upperdir=" + at + "/upper,workdir=" + at + "/work"
		err = unix.Mount("overlay", merged, "overlay", unix.MS_NOSUID|unix.MS_NODEV, options)
	}
	if err == nil {
		err = changeOverlay(merged)
	}
	tell("overlay", err)
	if err == nil {
		tell("cover", tryCover(merged))
	}
}

// changeOverlay copies a file up, removes one, which leaves a whiteout, and
// adds a directory, which needs the attributes of overlayfs.
func changeOverlay(merged string) error {
	if err := os.WriteFile(merged+"/"+keptFile, []byte("changed"), 0o600); err != nil {
		return err
	}
	if err := unix.Unlink(merged + "/" + goneFile); err != nil {
		return err
	}
	if err := unix.Rmdir(merged + "/" + goneDir); err != nil {
		return err
	}
	if err := unix.Mkdir(merged+"/"+goneDir, 0o755); err != nil {
		return err
	}
	if _, err := os.Lstat(merged + "/" + goneFile); !errors.Is(err, unix.ENOENT) {
		return unix.EIO
	}
	return nil
}

// tryCover sees that what lies beneath a read-only bind of itself cannot be
// written by its name.
func tryCover(merged string) error {
	if err := bindReadOnly(merged, merged); err != nil {
		return err
	}
	if err := unix.Unlink(merged + "/" + keptFile); err != unix.EROFS {
		return unix.EIO
	}
	return nil
}

// pivot moves the process into the stage, and the old root out of sight.
func pivot() error {
	if err := unix.Chdir(stage); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return err
	}
	return unix.Unmount(".", unix.MNT_DETACH)
}
