// SPDX-License-Identifier: MIT

package ledgertest

import (
	"errors"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// deviceNodes make a device, or find one.
func deviceNodes() []try {
	node := func(path string, kind uint32, major, minor uint32) func() (string, error) {
		return wrap(func() error { return unix.Mknod(path, kind|0o666, int(unix.Mkdev(major, minor))) })
	}
	return []try{
		guarded("the memory", "EPERM", "ENOSYS", node(ws+"/write/mem", unix.S_IFCHR, 1, 1)),
		guarded("a disk", "EPERM", "ENOSYS", node(ws+"/write/disk", unix.S_IFBLK, 8, 0)),
		guarded("the null device", "EPERM", "ENOSYS", node(ws+"/write/null", unix.S_IFCHR, 1, 3)),
		guarded("a disk in /tmp", "EPERM", "ENOSYS", node("/tmp/disk", unix.S_IFBLK, 8, 0)),
		guarded("the null device in /dev", "EPERM|EROFS|EACCES", "ENOSYS", node("/dev/null2", unix.S_IFCHR, 1, 3)),
		attempt("what /dev has", "the usual", func() (string, error) {
			usual := []string{"null", "zero", "full", "random", "urandom", "tty", "pts", "ptmx", "shm", "mqueue", "fd", "stdin", "stdout", "stderr", "core", "console"}
			names, err := os.ReadDir("/dev")
			for _, n := range names {
				if !slices.Contains(usual, n.Name()) {
					return "", errors.New(n.Name())
				}
			}
			return "the usual", err
		}),
	}
}

// overlayTricks forge what overlayfs itself notes down.
func overlayTricks() []try {
	tries := []try{
		guarded("a whiteout by hand", "EPERM", "ENOSYS", wrap(func() error { return unix.Mknod(ws+"/write/whiteout", unix.S_IFCHR, 0) })),
		guarded("a whiteout by hand in the place of a file", "EEXIST", "ENOSYS", wrap(func() error { return unix.Mknod(ws+"/write/file", unix.S_IFCHR, 0) })),
		guarded("a whiteout by rename", "EINVAL", "ENOSYS", wrap(func() error {
			if err := put(ws+"/write/renamed", "x"); err != nil {
				return err
			}
			return unix.Renameat2(unix.AT_FDCWD, ws+"/write/renamed", unix.AT_FDCWD, ws+"/write/to", unix.RENAME_WHITEOUT)
		})),
	}
	for _, name := range []string{"opaque", "whiteout", "redirect", "metacopy", "origin", "impure", "upper", "overlay.opaque"} {
		for _, space := range []struct{ name, held string }{{"user.overlay.", "EOPNOTSUPP|EPERM"}, {"trusted.overlay.", "EPERM"}} {
			tries = append(tries, guarded(space.name+name, space.held, "ENOSYS", wrap(func() error {
				return unix.Setxattr(ws+"/write/d", space.name+name, []byte("y"), 0)
			})))
		}
	}
	return append(tries,
		attempt("whatever is set on a merged directory", "ENODATA|EOPNOTSUPP|EPERM", wrap(func() error {
			_, err := unix.Getxattr(ws+"/mix", "user.overlay.origin", make([]byte, 100))
			return err
		})),
		attempt("a hidden name after all that", "ENOENT", cats(ws+"/mix/none")),
	)
}
