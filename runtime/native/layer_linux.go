// SPDX-License-Identifier: MIT

package native

import (
	"bytes"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/runtime"
)

// openLayer makes a detached mount of a layer. Where the sandbox's user is
// another than the files' owner, it is an ID-mapped one (mount_setattr(2),
// MOUNT_ATTR_IDMAP), in which the owner's files are the sandbox user's.
func openLayer(l runtime.Layer) (int, error) {
	tree, err := unix.OpenTree(unix.AT_FDCWD, l.Dir, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		return -1, &os.PathError{Op: "open_tree", Path: l.Dir, Err: err}
	}
	if !l.MapOwner {
		return tree, nil
	}
	var st unix.Stat_t
	if err := unix.Fstat(tree, &st); err != nil {
		unix.Close(tree)
		return -1, &os.PathError{Op: "stat", Path: l.Dir, Err: err}
	}
	ns, err := mappedNamespace(int(st.Uid), int(st.Gid))
	if err != nil {
		unix.Close(tree)
		return -1, err
	}
	defer unix.Close(ns)
	attr := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_IDMAP | unix.MOUNT_ATTR_RDONLY, Userns_fd: uint64(ns)}
	if err := unix.MountSetattr(tree, "", unix.AT_EMPTY_PATH, &attr); err != nil {
		unix.Close(tree)
		return -1, fmt.Errorf("mapping the owner of %s: %w: its file system has no ID-mapped mounts; use a snapshot instead (%w)", l.Dir, runtime.ErrUnsupported, err)
	}
	return tree, nil
}

// mappedNamespace makes a user namespace whose map turns the given owner into
// the sandbox's user, and every other number into its place in the sandbox's range.
func mappedNamespace(uid, gid int) (int, error) {
	attr := &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER,
		UidMappings: swapped(uid, runtime.UserID),
		GidMappings: swapped(gid, runtime.GroupID),
		Ptrace:      true, // stops before its first instruction
	}
	pid, err := syscall.ForkExec("/proc/self/exe", []string{"sandbox-idmap"}, &syscall.ProcAttr{Sys: attr})
	if err != nil {
		return -1, fmt.Errorf("making a user namespace: %w", err)
	}
	defer func() {
		_ = unix.Kill(pid, unix.SIGKILL)
		_, _ = unix.Wait4(pid, nil, 0, nil)
	}()
	fd, err := unix.Open(fmt.Sprintf("/proc/%d/ns/user", pid), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("opening a user namespace: %w", err)
	}
	return fd, nil
}

// swapped maps the numbers of a file system into the sandbox's range, with
// owner and user exchanged.
func swapped(owner, user int) []syscall.SysProcIDMap {
	one := func(from, to int) syscall.SysProcIDMap {
		return syscall.SysProcIDMap{ContainerID: from, HostID: idBase + to, Size: 1}
	}
	if owner == user {
		return []syscall.SysProcIDMap{{ContainerID: 0, HostID: idBase, Size: idCount}}
	}
	if owner >= idCount {
		return []syscall.SysProcIDMap{one(owner, user)}
	}
	maps := []syscall.SysProcIDMap{one(owner, user), one(user, owner)}
	low, high := min(owner, user), max(owner, user)
	for _, r := range [][2]int{{0, low}, {low + 1, high}, {high + 1, idCount}} {
		if r[1] > r[0] {
			maps = append(maps, syscall.SysProcIDMap{ContainerID: r[0], HostID: idBase + r[0], Size: r[1] - r[0]})
		}
	}
	return maps
}

// canMap reports whether the sandbox's range of numbers exists in the user
// namespace of this process: it does not in a rootless container.
func canMap() bool {
	data, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return false
	}
	for _, line := range bytes.Split(data, []byte("\n")) {
		var inside, outside, count int64
		if n, _ := fmt.Sscan(string(line), &inside, &outside, &count); n == 3 && inside <= idBase && idBase+idCount <= inside+count {
			return true
		}
	}
	return false
}
