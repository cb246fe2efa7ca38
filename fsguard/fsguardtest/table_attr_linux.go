// SPDX-License-Identifier: MIT

package fsguardtest

import (
	"strings"

	"golang.org/x/sys/unix"
)

func attributes(t *table) {
	// Kernels differ in whether they look at the file or at the mount first.
	truncated := func(r string) [4]string { return [4]string{"ENOENT", "EACCES|EROFS", "EROFS", r} }
	t.add("truncate", truncated("file 644 3"), do("truncate", "@/file").size(3), do("stat", "@/file"))
	t.add("truncate, longer", truncated("file 644 30"), do("truncate", "@/link").size(30), do("stat", "@/file"))
	t.add("truncate dir", seen("EISDIR"), do("truncate", "@/dir").size(3))
	t.add("truncate missing", each("ENOENT"), do("truncate", "@/missing").size(3))
	t.add("truncate negative", each("EINVAL"), do("truncate", "@/file").size(-1)).in(absolute, legacy)
	t.add("ftruncate", openable("file 644 3"), openAs("f", "@/file", rdwr), on("ftruncate", "f").size(3), on("fstat", "f"))
	t.add("ftruncate, opened r", readable("EINVAL"), openAs("f", "@/file", rdonly), on("ftruncate", "f").size(3))

	t.add("chmod", writable("file 600 8"), do("chmod", "@/file").mode(0o600), do("stat", "@/file"))
	t.add("chmod by link", writable("file 600 8"), do("chmod", "@/link").mode(0o600), do("stat", "@/file"))
	t.add("chmod dir", writable("dir 700"), do("chmod", "@/dir").mode(0o700), do("stat", "@/dir"))
	t.add("chmod setgid", writable("file 2755 8"), do("chmod", "@/file").mode(0o2755), do("stat", "@/file"))
	t.add("chmod missing", each("ENOENT"), do("chmod", "@/missing").mode(0o600))
	t.add("chmod and back", writable(`"content\n"`), do("chmod", "@/file").mode(0), do("chmod", "@/file").mode(0o400), cat("@/file"))
	t.add("chmod 0 closes", writable("EACCES"), do("chmod", "@/file").mode(0), cat("@/file"))
	t.add("chmod 0 closes for writing", writable("EACCES"), do("chmod", "@/file").mode(0), open("@/file", wronly))
	t.add("chmod 0 answers access", writable("EACCES"), do("chmod", "@/file").mode(0), mayAccess("@/file", unix.W_OK))
	t.add("fchmodat2", writable("file 600 8"), do("fchmodat2", "@/file").mode(0o600), do("stat", "@/file"))
	t.add("fchmodat2 link itself", [4]string{"ENOENT", "EROFS|EOPNOTSUPP", "EROFS|EOPNOTSUPP", "EOPNOTSUPP"}, do("fchmodat2", "@/link").mode(0o600).flags(unix.AT_SYMLINK_NOFOLLOW))
	t.add("fchmodat2 bad flags", each("EINVAL"), do("fchmodat2", "@/file").mode(0o600).flags(1<<20)).in(absolute)
	t.add("fchmod", openable("file 600 8"), openAs("f", "@/file", rdwr), on("fchmod", "f").mode(0o600), on("fstat", "f"))
	t.add("fchmod, opened r", [4]string{"ENOENT", "EACCES", "EROFS", "file 600 8"},
		openAs("f", "@/file", rdonly), on("fchmod", "f").mode(0o600), do("stat", "@/file"))
	t.add("fchmod dir", writable("dir 700"), openAs("f", "@/dir", unix.O_DIRECTORY), on("fchmod", "f").mode(0o700), do("stat", "@/dir"))
	t.add("fchmod of a path", seen("EBADF"), openAs("f", "@/file", unix.O_PATH), on("fchmod", "f").mode(0o600))

	t.add("chown to nobody else", writable("ok"), do("chown", "@/file").size(-1))
	t.add("chown to oneself", writable("file 644 8"), do("chown", "@/file"), do("stat", "@/file"))
	t.add("chown link itself", writable("link 777 4"), do("chown", "@/link").flags(unix.AT_SYMLINK_NOFOLLOW), do("lstat", "@/link"))
	t.add("fchown, opened r", [4]string{"ENOENT", "EACCES", "EROFS", "ok"}, openAs("f", "@/file", rdonly), on("fchown", "f"))

	t.add("utimens", writable("mtime 1000000000.000005000"), do("utimens", "@/file").size(1e9), do("mtime", "@/file"))
	t.add("utimens dir", writable("mtime 1000000000.000005000"), do("utimens", "@/dir").size(1e9), do("mtime", "@/dir"))
	t.add("utimens link itself", writable("mtime 1000000000.000005000"),
		do("utimens", "@/link").size(1e9).flags(unix.AT_SYMLINK_NOFOLLOW), do("mtime", "@/link"))
	t.add("utimens now", writable("ok"), do("utimens", "@/file"))
	t.add("utimens missing", each("ENOENT"), do("utimens", "@/missing").size(1e9))
	t.add("futimens", openable("mtime 1000000000.000005000"), openAs("f", "@/file", rdwr), on("futimens", "f").size(1e9), do("mtime", "@/file"))
	t.add("futimens, opened r", [4]string{"ENOENT", "EACCES", "EROFS", "mtime 1000000000.000005000"},
		openAs("f", "@/file", rdonly), on("futimens", "f").size(1e9), do("mtime", "@/file"))

	t.add("setxattr", writable(`"v"`), do("setxattr", "@/file").name("user.x").to("v"), do("getxattr", "@/file").name("user.x"))
	t.add("setxattr empty", writable(`""`), do("setxattr", "@/file").name("user.x"), do("getxattr", "@/file").name("user.x"))
	t.add("setxattr dir", writable("[user.x]"), do("setxattr", "@/dir").name("user.x").to("v"), do("listxattr", "@/dir"))
	t.add("setxattr link itself", writable("EPERM"), do("lsetxattr", "@/link").name("user.x").to("v"))
	t.add("setxattr, replace", writable("ENODATA"), do("setxattr", "@/file").name("user.x").to("v").flags(unix.XATTR_REPLACE))
	t.add("setxattr, create", writable("EEXIST"), do("setxattr", "@/file").name("user.x").to("v"),
		do("setxattr", "@/file").name("user.x").to("w").flags(unix.XATTR_CREATE))
	t.add("setxattr missing, bad flags", each("EINVAL"), do("setxattr", "@/missing").name("user.x").to("v").flags(8)).in(absolute)
	t.add("setxattr missing, no name", each("ERANGE"), do("setxattr", "@/missing").to("v")).in(absolute)
	t.add("removexattr missing, no name", each("ERANGE"), do("removexattr", "@/missing")).in(absolute)
	t.add("setxattr of no kind, closed file", writable("EACCES"), do("chmod", "@/file").mode(0o400), do("setxattr", "@/file").name("none.x").to("v"))
	t.add("setxattr without a rest, closed file", writable("EACCES"), do("chmod", "@/file").mode(0o400), do("setxattr", "@/file").name("user.").to("v"))
	t.add("setxattr bad flags", each("EINVAL"), do("setxattr", "@/file").name("user.x").to("v").flags(8)).in(absolute)
	t.add("setxattr no name", each("ERANGE"), do("setxattr", "@/file").to("v")).in(absolute)
	t.add("setxattr long name", each("ERANGE"), do("setxattr", "@/file").name("user."+strings.Repeat("x", 300)).to("v")).in(absolute)
	t.add("setxattr prefix only", writable("EINVAL"), do("setxattr", "@/file").name("user.").to("v"))
	t.add("setxattr unknown", writable("EOPNOTSUPP"), do("setxattr", "@/file").name("x").to("v"))
	t.add("setxattr of the overlay", writable("EOPNOTSUPP"), do("setxattr", "@/file").name("user.overlay.opaque").to("y"))
	t.add("setxattr security", writable("EPERM"), do("setxattr", "@/file").name("security.x").to("v"))
	t.add("setxattr trusted", writable("EPERM"), do("setxattr", "@/file").name("trusted.x").to("v"))
	t.add("removexattr", writable("[]"), do("setxattr", "@/file").name("user.x").to("v"), do("removexattr", "@/file").name("user.x"), do("listxattr", "@/file"))
	t.add("removexattr missing", writable("ENODATA"), do("removexattr", "@/file").name("user.x"))
	t.add("removexattr link itself", writable("EPERM"), do("lremovexattr", "@/link").name("user.x"))
	t.add("fsetxattr", openable(`"v"`), openAs("f", "@/file", rdwr), on("fsetxattr", "f").name("user.x").to("v"), do("getxattr", "@/file").name("user.x"))
	t.add("fsetxattr, opened r", [4]string{"ENOENT", "EACCES", "EROFS", `"v"`},
		openAs("f", "@/file", rdonly), on("fsetxattr", "f").name("user.x").to("v"), do("getxattr", "@/file").name("user.x"))
	t.add("setflags", openable("ok"), openAs("f", "@/file", rdwr), on("setflags", "f"))
}

func talking(t *table) {
	t.add("fifo", writable(`"through"`), do("fifo", "@/new").to("through"))
	t.add("fifo without a writer", writable("0 late"), do("mknod", "@/new").mode(unix.S_IFIFO|0o600), do("hangup", "@/new").size(50))
	t.add("fifo rw", writable("ok"), do("mknod", "@/new").mode(unix.S_IFIFO|0o600), open("@/new", rdwr))
	t.add("fifo w, nobody reads", writable("ENXIO"), do("mknod", "@/new").mode(unix.S_IFIFO|0o600), open("@/new", wronly|unix.O_NONBLOCK))
	t.add("bind", writable("socket 755 0"), do("bind", "@/new"), do("stat", "@/new"))
	t.add("bind existing", seen("EADDRINUSE"), do("bind", "@/file"))
	t.add("connect", writable(`"hello"`), do("connect", "@/new").to("hello"))
	t.add("unlink socket", writable("ok"), do("bind", "@/new"), do("unlink", "@/new"))
}
