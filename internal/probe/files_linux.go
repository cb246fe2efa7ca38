// SPDX-License-Identifier: MIT

package probe

import (
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/idrange"
)

// What the lower layer of the child's overlay holds.
const (
	keptFile = "kept"
	goneFile = "gone"
	goneDir  = "dir"
)

// workDir makes the directory in which layers are tried out, and what they hold.
func (f *Facts) workDir() (string, error) {
	dir, err := os.MkdirTemp(f.TempDir, "sandbox-probe-")
	if err != nil {
		return "", err
	}
	names := []string{"lower", "upper", "work", "lower/" + goneDir, "lower/" + keptFile, "lower/" + goneFile}
	for i, name := range names {
		path := filepath.Join(dir, name)
		if i < 4 {
			err = os.Mkdir(path, 0o755)
		} else {
			err = os.WriteFile(path, []byte(name), 0o644)
		}
		if err == nil && f.mapsRange() {
			err = os.Chown(path, idrange.Base+childUser, idrange.Base+childUser)
		}
		if err != nil {
			_ = os.RemoveAll(dir)
			return "", err
		}
	}
	if f.mapsRange() {
		err = os.Chmod(dir, 0o711)
	}
	return dir, err
}

// reflink clones a file.
func reflink(dir string) error {
	from, err := os.Create(filepath.Join(dir, "from"))
	if err != nil {
		return err
	}
	defer from.Close()
	if _, err := from.Write(make([]byte, 8192)); err != nil {
		return err
	}
	to, err := os.Create(filepath.Join(dir, "to"))
	if err != nil {
		return err
	}
	defer to.Close()
	return unix.IoctlFileClone(int(to.Fd()), int(from.Fd()))
}

// mapIDs makes an ID-mapped mount of a directory with the user namespace of a
// process.
func mapIDs(dir string, pid int) error {
	tree, err := unix.OpenTree(unix.AT_FDCWD, dir, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		return err
	}
	defer unix.Close(tree)
	ns, err := unix.Open("/proc/"+strconv.Itoa(pid)+"/ns/user", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(ns)
	attr := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_IDMAP | unix.MOUNT_ATTR_RDONLY, Userns_fd: uint64(ns)}
	return unix.MountSetattr(tree, "", unix.AT_EMPTY_PATH, &attr)
}

// fileSystem names the file system of a path, by the numbers of statfs(2).
func fileSystem(path string) string {
	var st unix.Statfs_t
	if unix.Statfs(path, &st) != nil {
		return ""
	}
	if name, ok := magic[uint32(st.Type)]; ok {
		return name
	}
	return "0x" + strconv.FormatUint(uint64(uint32(st.Type)), 16)
}

var magic = map[uint32]string{
	unix.OVERLAYFS_SUPER_MAGIC: "overlay",
	unix.TMPFS_MAGIC:           "tmpfs",
	unix.EXT4_SUPER_MAGIC:      "ext4",
	unix.XFS_SUPER_MAGIC:       "xfs",
	unix.BTRFS_SUPER_MAGIC:     "btrfs",
	unix.F2FS_SUPER_MAGIC:      "f2fs",
	unix.NFS_SUPER_MAGIC:       "nfs",
	unix.FUSE_SUPER_MAGIC:      "fuse",
	unix.ECRYPTFS_SUPER_MAGIC:  "ecryptfs",
	unix.V9FS_MAGIC:            "9p",
	unix.RAMFS_MAGIC:           "ramfs",
	0x2fc12fc1:                 "zfs",
	0xca451a4e:                 "bcachefs",
}
