// SPDX-License-Identifier: MIT

package initproc

import (
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/control"
)

// root is the sandbox's root while it is put together.
type root struct {
	at        string                // where it is; "": the process is in it
	workspace int                   // O_PATH of the writable mount beneath the cover; 0: none
	files     []int                 // those that the set-up names by number
	binds     map[*control.Step]int // copies of the parts of the host's tree that are bound
	layers    map[string]int        // descriptors of the layers that are in this mount namespace
	left      int                   // what an earlier init has kept; -1: nothing
	loopback  bool                  // the loopback interface is up already
	kept      int                   // O_PATH of the file system that is kept, where it is attached
	copied    int                   // a copy of that mount which is to be handed over; 0: none
}

// assemble carries out the steps. They were checked when they were planned;
// whatever goes wrong here goes wrong in the kernel.
func (r *root) assemble(steps []control.Step) *control.Fault {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fault("make the mount tree private", err)
	}
	if f := r.openBinds(steps); f != nil {
		return f
	}
	if f := r.openLayers(steps); f != nil {
		return f
	}
	taken := lastTake(steps)
	for i := range steps {
		s := &steps[i]
		if err := r.step(s); err != nil {
			return fault(describe(s), err)
		}
		if i == taken {
			if err := r.leaveKept(); err != nil {
				return fault("leave what is kept", err)
			}
		}
	}
	return nil
}

// openLayers opens the layers, before the stage comes to lie over some of those that
// are given as paths. Detached mounts that an overlay is to be made of, which wants its
// layers in this mount namespace, are attached at the stage, one over the other: the
// new root covers them, and they go with the old one.
func (r *root) openLayers(steps []control.Step) *control.Fault {
	r.layers = make(map[string]int)
	var detached []string
	for i := range steps {
		for _, l := range steps[i].Layers {
			if strings.HasPrefix(l, "#") {
				if steps[i].Op == control.OpOverlay {
					detached = append(detached, l)
				}
				continue
			}
			fd, err := unix.Open(l, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
			if err != nil {
				return fault("open the layer "+l, err)
			}
			r.layers[l] = fd
		}
	}
	if r.at == "" {
		return nil // it is no stage
	}
	for _, l := range detached {
		fd, err := r.attach(l, r.at)
		if err != nil {
			return fault("attach the layer "+l, err)
		}
		r.layers[l] = fd
	}
	return nil
}

// attach attaches a detached mount at a directory, and opens it there. The mount is a
// peer of the host's that it is a copy of, where that is shared: what is mounted on it,
// and beneath that, would come to be mounted on the host as well.
func (r *root) attach(layer, dir string) (int, error) {
	tree, err := r.file(layer)
	if err != nil {
		return -1, err
	}
	if err := unix.MoveMount(tree, "", unix.AT_FDCWD, dir, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
		return -1, err
	}
	if err := unix.Mount("", dir, "", unix.MS_PRIVATE, ""); err != nil {
		return -1, err
	}
	return unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
}

func describe(s *control.Step) string {
	switch s.Op {
	case control.OpBind:
		return "bind " + s.Source + " on " + s.Target
	case control.OpTmpfs:
		return "mount tmpfs on " + s.Target
	case control.OpProc:
		return "mount proc on " + s.Target
	case control.OpDevpts:
		return "mount devpts on " + s.Target
	case control.OpOverlay:
		return "mount overlay on " + s.Target
	case control.OpTree:
		return "bind the codebase on " + s.Target
	case control.OpCover:
		return "cover " + s.Target
	case control.OpKeep:
		return control.StepKeep
	case control.OpTake:
		return "bind what is kept on " + s.Target
	}
	return "create " + s.Target
}

func (r *root) step(s *control.Step) error {
	target := r.at + s.Target
	switch s.Op {
	case control.OpDir:
		return unix.Mkdir(target, s.Mode)
	case control.OpFile:
		return writeFile(target, s.Data, s.Mode)
	case control.OpSymlink:
		return unix.Symlink(s.Data, target)
	case control.OpBind:
		return r.bind(s, target)
	case control.OpTmpfs:
		return mountFS("tmpfs", s.Data, target, s.Attr)
	case control.OpProc:
		return mountFS("proc", "", target, s.Attr)
	case control.OpDevpts:
		return mountFS("devpts", s.Data, target, s.Attr)
	case control.OpTree:
		return r.tree(s, target)
	case control.OpOverlay:
		return r.overlay(s, target)
	case control.OpCover:
		return r.cover(target)
	case control.OpSeal:
		return setAttr(unix.AT_FDCWD, target, s.Attr, 0)
	case control.OpKeep:
		return r.keep(s)
	case control.OpTake:
		return r.take(s, target)
	}
	return unix.EINVAL
}

// writeFile makes a file. Package os would ask first whether it can be polled.
func writeFile(path, data string, mode uint32) error {
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_CREAT|unix.O_TRUNC|unix.O_CLOEXEC, mode)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	for left := []byte(data); len(left) > 0; {
		n, err := unix.Write(fd, left)
		if err != nil {
			return err
		}
		left = left[n:]
	}
	return nil
}

// mountFS makes a file system and attaches it.
func mountFS(kind, options, target string, attr uint64) error {
	fs, err := unix.Fsopen(kind, unix.FSOPEN_CLOEXEC)
	if err != nil {
		return err
	}
	defer unix.Close(fs)
	for _, o := range strings.Split(options, ",") {
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
	mnt, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, int(attr))
	if err != nil {
		return err
	}
	defer unix.Close(mnt)
	return unix.MoveMount(mnt, "", unix.AT_FDCWD, target, unix.MOVE_MOUNT_F_EMPTY_PATH)
}

func setAttr(fd int, path string, attr uint64, flags uint) error {
	if attr == 0 {
		return nil
	}
	if path == "" {
		flags |= unix.AT_EMPTY_PATH
	}
	return unix.MountSetattr(fd, path, flags, &unix.MountAttr{Attr_set: attr})
}

// overlay mounts the workspace. Layers are named by descriptor, since paths
// may hold the ':' and ',' that the option string gives a meaning, and since
// mountinfo then tells the sandbox nothing of the host.
func (r *root) overlay(s *control.Step, target string) error {
	var names []string
	for i, l := range s.Layers {
		fd, scratch, err := r.openLayer(l, i)
		if err != nil {
			return err
		}
		defer closeLayer(fd, scratch)
		names = append(names, descriptor(fd))
	}
	lowers, options := names, ""
	if s.Writable {
		n := len(names) - 1
		lowers = names[:n]
		options = ",upperdir=" + names[n] + "/upper,workdir=" + names[n] + "/work"
	}
	if s.Facade {
		facade := int(s.Above)
		if facade >= len(lowers)-1 {
			return unix.EINVAL
		}
		fd, scratch, err := r.merge(lowers[facade+1:])
		if err != nil {
			return err
		}
		defer closeLayer(fd, scratch)
		lowers = append(slices.Clone(lowers[:facade+1]), descriptor(fd))
	}
	if err := mountOverlay(target, lowers, options); err != nil {
		return err
	}
	return setAttr(unix.AT_FDCWD, target, s.Attr, 0)
}

// merge mounts the layers that a facade stands before, for as long as the
// overlay with the facade is not there yet.
func (r *root) merge(layers []string) (fd int, scratch string, err error) {
	scratch = r.at + "/.merged"
	if err := unix.Mkdir(scratch, 0o700); err != nil {
		return -1, "", err
	}
	if err := mountOverlay(scratch, layers, ""); err != nil {
		return -1, "", err
	}
	fd, err = unix.Open(scratch, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	return fd, scratch, err
}

func mountOverlay(target string, lowers []string, options string) error {
	options = "userxattr,lowerdir=" + strings.Join(lowers, ":") + options
	return unix.Mount("overlay", target, "overlay", unix.MS_NOSUID|unix.MS_NODEV, options)
}

// descriptor names a layer for overlayfs.
func descriptor(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

// openLayer gives a layer of this mount namespace. In a root that others have built a
// detached mount is attached for as long as the overlay takes, at a scratch directory.
func (r *root) openLayer(layer string, i int) (fd int, scratch string, err error) {
	if fd, ok := r.layers[layer]; ok {
		return fd, "", nil
	}
	scratch = r.at + "/.layer" + strconv.Itoa(i)
	if err := unix.Mkdir(scratch, 0o700); err != nil {
		return -1, "", err
	}
	fd, err = r.attach(layer, scratch)
	return fd, scratch, err
}

func closeLayer(fd int, scratch string) {
	unix.Close(fd)
	if scratch != "" {
		_ = unix.Unmount(scratch, unix.MNT_DETACH)
		_ = unix.Rmdir(scratch)
	}
}

// file returns the descriptor of a file that came with the set-up.
func (r *root) file(name string) (int, error) {
	n, err := strconv.Atoi(strings.TrimPrefix(name, "#"))
	if err != nil || n < 0 || n >= len(r.files) {
		return -1, unix.EINVAL
	}
	return r.files[n], nil
}

// tree attaches the one layer of a workspace that nothing is laid over.
func (r *root) tree(s *control.Step, target string) error {
	layer := s.Layers[0]
	if !strings.HasPrefix(layer, "#") {
		return bindFD(r.layers[layer], target, s.Attr)
	}
	fd, err := r.file(layer)
	if err != nil {
		return err
	}
	if err := setAttr(fd, "", s.Attr, unix.AT_RECURSIVE); err != nil {
		return err
	}
	return unix.MoveMount(fd, "", unix.AT_FDCWD, target, unix.MOVE_MOUNT_F_EMPTY_PATH)
}

// cover keeps a way to the writable mount for the owner, and puts a read-only
// bind of the same tree over it: nothing in the sandbox can reach the writable
// mount by name, so that no race can make a native write succeed.
func (r *root) cover(target string) error {
	fd, err := unix.Open(target, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	r.workspace = fd
	return bindFD(fd, target, unix.MOUNT_ATTR_RDONLY|unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV)
}
