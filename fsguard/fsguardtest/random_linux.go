// SPDX-License-Identifier: MIT

package fsguardtest

import (
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// randomPaths are what random operations name. @ is the sequence's directory.
var randomPaths = []string{
	"@/a", "@/b", "@/d", "@/d/c", "@/d/e", "@/l", "@/m", "@/m/c", "@/m/e", "@/n", "@/o", "@/n/x", "@/d/n", "@/d/e/n", "@/o/x",
	"@/d/../a", "@/m/../b", "@/./n", "@/n/", "@/a/", "@/d/", "@/a/x", "@/l/", "@/n/../o", "@//o", "@/.", "@/d/..",
	"@/d/.", "@/d/./", "@/m/.", "@/n/.",
}

// survey looks at all that a sequence may have made.
var survey = func() script {
	var s script
	for _, dir := range []string{"@/.", "@/d", "@/d/e", "@/n", "@/o"} {
		s = append(s, do("readdir", dir))
	}
	for _, path := range []string{"@/a", "@/b", "@/d/c", "@/l", "@/m", "@/n", "@/o", "@/n/x", "@/d/n", "@/d/e/n", "@/o/x"} {
		s = append(s, do("lstat", path), cat(path).flags(unix.O_NONBLOCK), do("readlink", path), do("listxattr", path))
	}
	return s
}()

var randomFlags = []int{
	rdonly, wronly, rdwr, acc3,
	rdonly | unix.O_CREAT, wronly | unix.O_CREAT, rdwr | unix.O_CREAT, wronly | unix.O_TRUNC, rdwr | unix.O_CREAT | unix.O_TRUNC,
	rdwr | unix.O_CREAT | unix.O_EXCL, wronly | unix.O_APPEND, wronly | unix.O_CREAT | unix.O_APPEND,
	wronly | unix.O_NOFOLLOW, rdwr | unix.O_CREAT | unix.O_NOFOLLOW, wronly | unix.O_DIRECTORY, rdonly | unix.O_DIRECTORY,
	rdwr | unix.O_TMPFILE, unix.O_PATH, rdonly | unix.O_TRUNC,
}

// randomOp draws an operation. FIFOs are opened by nobody, since that waits.
func randomOp() *rapid.Generator[op] {
	return rapid.Custom(func(t *rapid.T) op {
		path := rapid.SampledFrom(randomPaths).Draw(t, "path")
		to := rapid.SampledFrom(randomPaths).Draw(t, "to")
		mode := rapid.SampledFrom([]uint32{0o644, 0o600, 0o400, 0o755, 0o777, 0o2755, 0}).Draw(t, "mode")
		flags := rapid.SampledFrom(randomFlags).Draw(t, "flags") | unix.O_NONBLOCK
		at := rapid.SampledFrom([]int{0, 0, unix.AT_SYMLINK_NOFOLLOW}).Draw(t, "at")
		return rapid.SampledFrom([]op{
			open(path, flags).mode(mode), do("openat2", path).flags(flags),
			openAs("f", path, rdwr|unix.O_NONBLOCK), openAs("f", path, rdwr|unix.O_CREAT|unix.O_NONBLOCK),
			on("write", "f").to("written"), on("ftruncate", "f").size(3), on("fchmod", "f").mode(mode | 0o600), on("fstat", "f"), on("futimens", "f").size(1e9),
			on("fsetxattr", "f").name("user.f").to("f"),
			put(path, "put").flags(unix.O_NONBLOCK), put(path, "other").flags(unix.O_NONBLOCK), cat(path).flags(unix.O_NONBLOCK),
			mkdir(path), mkdir(path), do("rmdir", path), do("unlink", path), do("unlink", path),
			two("rename", path, to), two("rename", path, to), noReplace(path, to), exchange(path, to),
			two("link", path, to), two("link", path, to).flags(unix.AT_SYMLINK_FOLLOW),
			do("symlink", path).to("a"), do("symlink", path).to("d/e"), do("symlink", path).to("../nowhere"), do("symlink", path).to(to),
			do("mknod", path).mode(unix.S_IFREG | mode), do("mknod", path).mode(unix.S_IFIFO | 0o600), do("mknod", path).mode(unix.S_IFCHR | 0o600).size(0x103),
			do("truncate", path).size(2), do("chmod", path).mode(mode), do("fchmodat2", path).mode(mode).flags(at),
			do("chown", path).flags(at), do("utimens", path).size(1e9).flags(at),
			do("setxattr", path).name("user.x").to("v"), do("lsetxattr", path).name("user.y").to("w"), do("removexattr", path).name("user.x"), do("getxattr", path).name("user.x"),
			mayAccess(path, unix.W_OK), mayAccess(path, unix.R_OK|unix.X_OK), do("faccessat2", path).mode(unix.W_OK).flags(at),
			do("lstat", path), do("stat", path), do("readdir", path), do("readlink", path), do("umask", "").mode(mode & 0o77), do("bind", path),
		}).Draw(t, "op")
	})
}
