// SPDX-License-Identifier: MIT

package launch

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/runtime"
)

// openLayer makes a detached mount of a layer. Where the sandbox's user is
// another than the files' owner, it is an ID-mapped one (mount_setattr(2),
// MOUNT_ATTR_IDMAP), in which the owner's files are the sandbox user's.
func (l *Launcher) openLayer(layer runtime.Layer, t turn) (int, error) {
	tree, err := unix.OpenTree(unix.AT_FDCWD, layer.Dir, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		return -1, &os.PathError{Op: "open_tree", Path: layer.Dir, Err: err}
	}
	if !layer.MapOwner {
		return tree, nil
	}
	var st unix.Stat_t
	if err := unix.Fstat(tree, &st); err != nil {
		unix.Close(tree)
		return -1, &os.PathError{Op: "stat", Path: layer.Dir, Err: err}
	}
	ns, err := l.idmaps.get(runtime.Owner{UID: int(st.Uid), GID: int(st.Gid)}, t.mapIDs)
	if err != nil {
		unix.Close(tree)
		return -1, err
	}
	defer unix.Close(ns)
	attr := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_IDMAP | unix.MOUNT_ATTR_RDONLY, Userns_fd: uint64(ns)}
	if err := unix.MountSetattr(tree, "", unix.AT_EMPTY_PATH, &attr); err != nil {
		unix.Close(tree)
		return -1, fmt.Errorf("mapping the owner of %s: %w: its file system has no ID-mapped mounts; use a snapshot instead (%w)", layer.Dir, runtime.ErrUnsupported, err)
	}
	return tree, nil
}
