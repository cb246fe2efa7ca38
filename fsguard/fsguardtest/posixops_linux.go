// SPDX-License-Identifier: MIT

package fsguardtest

import (
	"math"
	"strings"

	"golang.org/x/sys/unix"
)

// posixOps are all that is tried on a path. FIFOs are opened by nobody who would
// wait.
func posixOps(path string) []op {
	var ops []op
	for _, part := range [][]op{posixOpens(path), posixNames(path), posixPairs(path), posixAttributes(path), posixLooks(path)} {
		ops = append(ops, part...)
	}
	return ops
}

func posixOpens(path string) []op {
	var ops []op
	for _, flags := range []int{
		rdonly, wronly, rdwr, acc3, wronly | unix.O_TRUNC, rdonly | unix.O_TRUNC, wronly | unix.O_APPEND,
		rdonly | unix.O_CREAT, wronly | unix.O_CREAT, rdwr | unix.O_CREAT | unix.O_TRUNC, wronly | unix.O_CREAT | unix.O_EXCL,
		rdonly | unix.O_NOFOLLOW, wronly | unix.O_NOFOLLOW, rdwr | unix.O_CREAT | unix.O_NOFOLLOW, rdonly | unix.O_DIRECTORY, wronly | unix.O_DIRECTORY,
		wronly | unix.O_CREAT | unix.O_DIRECTORY, rdonly | unix.O_DIRECTORY | unix.O_NOFOLLOW, unix.O_PATH, unix.O_PATH | unix.O_NOFOLLOW,
		rdwr | unix.O_TMPFILE, rdonly | unix.O_TMPFILE, wronly | unix.O_TMPFILE | unix.O_EXCL, wronly | unix.O_SYNC, rdwr | unix.O_NOATIME,
	} {
		ops = append(ops, open(path, flags|unix.O_NONBLOCK))
	}
	for _, mode := range []uint32{0, 0o4777, 0o1777, 0o170000} {
		ops = append(ops, open(path, wronly|unix.O_CREAT|unix.O_NONBLOCK).mode(mode))
	}
	for _, size := range []int64{0, 3, 20_000, -1, math.MaxInt64} {
		ops = append(ops, do("truncate", path).size(size))
	}
	return ops
}

func posixNames(path string) []op {
	ops := []op{do("rmdir", path), do("unlink", path), do("bind", path)}
	for _, mode := range []uint32{0, 0o777, 0o700, 0o7777, 0o177777} {
		ops = append(ops, mkdir(path).mode(mode))
	}
	for _, mode := range []uint32{
		0o644, unix.S_IFREG | 0o7777, unix.S_IFIFO | 0o666, unix.S_IFSOCK | 0o666, unix.S_IFCHR | 0o666, unix.S_IFBLK | 0o666, unix.S_IFDIR | 0o755, unix.S_IFLNK | 0o777, 0o110000,
	} {
		ops = append(ops, do("mknod", path).mode(mode).size(0x103))
	}
	for _, text := range []string{"", "x", "../..", "/", strings.Repeat("/x", 2047) + "/", strings.Repeat("/x", 2048)} {
		ops = append(ops, do("symlink", path).to(text))
	}
	return ops
}

// posixPairs has the path be the one or the other of two.
func posixPairs(path string) []op {
	var ops []op
	for _, other := range []string{"@/other", "@/file", "@/empty", "@/dir", "@/dangling", "@/locked/f", path, path + "/below"} {
		ops = append(ops,
			two("rename", path, other), two("rename", other, path), noReplace(path, other), noReplace(other, path), exchange(path, other),
			two("renameat2", path, other).flags(unix.RENAME_NOREPLACE|unix.RENAME_EXCHANGE), two("renameat2", path, other).flags(1<<10),
			two("link", path, other), two("link", other, path), two("link", path, other).flags(unix.AT_SYMLINK_FOLLOW))
	}
	return ops
}

func posixAttributes(path string) []op {
	ops := []op{
		do("chown", path), do("chown", path).size(-1), do("chown", path).flags(unix.AT_SYMLINK_NOFOLLOW), do("chown", path).flags(1 << 14),
		do("utimens", path), do("utimens", path).size(1e9), do("utimens", path).size(1e9).flags(unix.AT_SYMLINK_NOFOLLOW), do("utimens", path).size(1).flags(1 << 14),
		do("removexattr", path).name("user.x"), do("lremovexattr", path).name("user.x"), do("getxattr", path).name("user.x"), do("listxattr", path),
		do("setxattr", path).name("user.x").to("v").flags(unix.XATTR_CREATE), do("setxattr", path).name("user.x").to("v").flags(unix.XATTR_REPLACE),
		do("setxattr", path).name("user.x").to("v").flags(8), do("setxattr", path).name("user.").to("v"), do("setxattr", path).name("").to("v"),
		do("setxattr", path).name("none.x").to("v"), do("setxattr", path).name("user." + strings.Repeat("n", 250)).to("v"),
		do("setxattr", path).name("user." + strings.Repeat("n", 251)).to("v"), do("lsetxattr", path).name("user.x").to("v"), do("setxattr", path).name("trusted.x").to("v"),
	}
	for _, mode := range []uint32{0, 0o644, 0o1777, 0o7777, 0o177777} {
		ops = append(ops, do("chmod", path).mode(mode))
	}
	return ops
}

func posixLooks(path string) []op {
	ops := []op{
		do("stat", path), do("lstat", path), do("statx", path).flags(unix.AT_SYMLINK_NOFOLLOW), do("readlink", path), do("readdir", path), do("chdir", path),
		do("faccessat2", path).mode(unix.W_OK).flags(unix.AT_SYMLINK_NOFOLLOW), do("faccessat2", path).mode(unix.R_OK).flags(unix.AT_EACCESS),
	}
	for _, mode := range []uint32{unix.F_OK, unix.R_OK, unix.W_OK, unix.X_OK, unix.R_OK | unix.W_OK | unix.X_OK, 8} {
		ops = append(ops, mayAccess(path, mode))
	}
	return ops
}
