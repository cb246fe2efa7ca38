// SPDX-License-Identifier: MIT

package docker

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/control"
	"github.com/sandbox-rls/sandbox/internal/thread"
	"github.com/sandbox-rls/sandbox/runtime"
	"github.com/sandbox-rls/sandbox/runtime/internal/launch"
)

// openLayers makes a detached mount of each layer, in which what belongs to the
// runtime's owner is the container's user's.
func (r *Runtime) openLayers(v runtime.View, user runtime.User) (files []int, err error) {
	defer func() {
		if err != nil {
			control.CloseFiles(files)
		}
	}()
	for i, layer := range layersOf(v) {
		var tree int
		if v.DeltaMount != nil && v.Delta != "" && i == len(v.Above)+len(v.Lower) {
			tree, err = unix.FcntlInt(v.DeltaMount.Fd(), unix.F_DUPFD_CLOEXEC, 0)
		} else {
			tree, err = unix.OpenTree(unix.AT_FDCWD, layer.Dir, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
		}
		if err != nil {
			return files, &os.PathError{Op: "open_tree", Path: layer.Dir, Err: err}
		}
		files = append(files, tree)
		if err = r.mapLayer(tree, layer, user); err != nil {
			return files, err
		}
	}
	return files, nil
}

func (r *Runtime) mapLayer(tree int, layer runtime.Layer, user runtime.User) error {
	var from *runtime.Owner
	if layer.MapOwner {
		var st unix.Stat_t
		if err := unix.Fstat(tree, &st); err != nil {
			return &os.PathError{Op: "stat", Path: layer.Dir, Err: err}
		}
		from = &runtime.Owner{UID: int(st.Uid), GID: int(st.Gid)}
	}
	ns, err := r.maps.get(user, from)
	if err != nil {
		return err
	}
	return launch.SetUserMap(tree, layer.Dir, ns)
}

// mounted is a workspace as it was mounted in a container.
type mounted struct {
	workspace *os.File // beneath the cover; nil: nothing is writable
	readable  []string // what there is at the top of the root besides the workspace
}

// mountIn carries out the steps in the mount namespace of a container, as its user
// with all of this process's capabilities: what the overlay makes for itself then
// belongs to the user. It does so on a thread that ends with it.
func mountIn(init int, user runtime.User, steps []mountStep, layers []int, target string) (m mounted, err error) {
	thread.Discard(func() {
		if err = enter(init, user.Owner); err != nil {
			err = fmt.Errorf("entering the container: %w", err)
			return
		}
		for _, s := range steps {
			if err = m.step(s, layers); err != nil {
				err = fmt.Errorf("mounting the workspace: %v: %w", s, err)
				return
			}
		}
		err = m.look(target)
	})
	if err != nil && m.workspace != nil {
		m.workspace.Close()
		m.workspace = nil
	}
	return m, err
}

// enter moves the calling thread into the mount namespace of a process, and makes
// it another user for the file system, without taking its capabilities.
func enter(pidfd int, user runtime.Owner) error {
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return os.NewSyscallError("unshare", err)
	}
	if err := unix.Setns(pidfd, unix.CLONE_NEWNS); err != nil {
		return os.NewSyscallError("setns", err)
	}
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var caps [2]unix.CapUserData
	if err := unix.Capget(&hdr, &caps[0]); err != nil {
		return os.NewSyscallError("capget", err)
	}
	if err := unix.Setfsgid(user.GID); err != nil {
		return os.NewSyscallError("setfsgid", err)
	}
	if err := unix.Setfsuid(user.UID); err != nil {
		return os.NewSyscallError("setfsuid", err)
	}
	unix.Umask(0)
	return os.NewSyscallError("capset", unix.Capset(&hdr, &caps[0])) // setfsuid has taken some
}

func (m *mounted) step(s mountStep, layers []int) error {
	switch s.op {
	case opUnmount:
		return unix.Unmount(s.target, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW)
	case opStage:
		return unix.Mount("tmpfs", s.target, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "mode=0700,size=64k")
	case opDir:
		return unix.Mkdir(s.target, 0o700)
	case opLayer:
		return attach(layers[s.n], s.target)
	case opOverlay:
		if err := isDirectory(s.target); err != nil {
			return err
		}
		return unix.Mount("overlay", s.target, "overlay", unix.MS_NOSUID|unix.MS_NODEV, s.data)
	case opCover:
		return m.cover(s.target)
	case opSeal:
		return unix.MountSetattr(unix.AT_FDCWD, s.target, unix.AT_SYMLINK_NOFOLLOW, &unix.MountAttr{Attr_set: sealed})
	case opRemove:
		return unix.Rmdir(s.target)
	}
	return unix.EINVAL
}

const sealed = unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV

// attach attaches a detached mount at a directory, which is not a symlink.
func attach(tree int, target string) error {
	if err := isDirectory(target); err != nil {
		return err
	}
	return unix.MoveMount(tree, "", unix.AT_FDCWD, target, unix.MOVE_MOUNT_F_EMPTY_PATH)
}

func isDirectory(path string) error {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return unix.ENOTDIR
	}
	return nil
}

// cover keeps a way to the writable mount, and puts a read-only bind of the same
// tree over it.
func (m *mounted) cover(target string) error {
	fd, err := unix.Open(target, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	m.workspace = os.NewFile(uintptr(fd), target)
	tree, err := unix.OpenTree(fd, "", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_EMPTY_PATH)
	if err != nil {
		return err
	}
	defer unix.Close(tree)
	if err := unix.MountSetattr(tree, "", unix.AT_EMPTY_PATH, &unix.MountAttr{Attr_set: sealed}); err != nil {
		return err
	}
	return unix.MoveMount(tree, "", unix.AT_FDCWD, target, unix.MOVE_MOUNT_F_EMPTY_PATH)
}

// look lists what may be read when nothing of the workspace may.
func (m *mounted) look(workspace string) error {
	entries, err := os.ReadDir("/")
	if err != nil {
		return err
	}
	for _, e := range entries {
		if name := "/" + e.Name(); name != workspace && e.Type()&os.ModeSymlink == 0 {
			m.readable = append(m.readable, name)
		}
	}
	return nil
}
