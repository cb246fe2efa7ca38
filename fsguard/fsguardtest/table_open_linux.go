// SPDX-License-Identifier: MIT

package fsguardtest

import "golang.org/x/sys/unix"

func opening(t *table) {
	t.add("read", readable(`"content\n"`), cat("@/file"))
	t.add("read by link", readable(`"content\n"`), cat("@/link"))
	t.add("read beneath a linked directory", readable(`"inner\n"`), cat("@/dirlink/inner"))
	t.add("open dir", seen("ok"), open("@/dir", unix.O_DIRECTORY))
	t.add("open path", seen("ok"), open("@/file", unix.O_PATH))
	t.add("open path, create", seen("ok"), open("@/file", unix.O_PATH|unix.O_CREAT))
	t.add("open w", openable("ok"), open("@/file", wronly))
	t.add("open rw", openable("ok"), open("@/file", rdwr))
	t.add("open rw with a slash", [4]string{"ENOENT", "ENOTDIR", "ENOTDIR", "ENOTDIR"}, open("@/file/", rdwr))
	t.add("open w by link", openable("ok"), open("@/link", wronly))
	t.add("open w, nofollow", openable("ok"), open("@/file", wronly|unix.O_NOFOLLOW))
	t.add("open w link, nofollow", seen("ELOOP"), open("@/link", wronly|unix.O_NOFOLLOW))
	t.add("open w beneath a linked directory", openable("ok"), open("@/dirlink/inner", wronly))
	t.add("open w missing", each("ENOENT"), open("@/missing", wronly))
	t.add("open w dir", seen("EISDIR"), open("@/dir", wronly))
	t.add("open w, directory", [4]string{"ENOENT", "ENOTDIR", "ENOTDIR", "ENOTDIR"}, open("@/file", wronly|unix.O_DIRECTORY))
	t.add("open append", openable("8"), openAs("f", "@/file", wronly|unix.O_APPEND), on("write", "f").to("appended"))
	t.add("append is kept", openable("flags 2001"), openAs("f", "@/file", wronly|unix.O_APPEND), on("getfl", "f"))
	t.add("nonblock is kept", openable("flags 4002"), openAs("f", "@/file", rdwr|unix.O_NONBLOCK), on("getfl", "f"))
	t.add("nonblock is not invented", openable("flags 2"), openAs("f", "@/file", rdwr), on("getfl", "f"))
	t.add("close-on-exec is kept", openable("flags 1"), openAs("f", "@/file", rdwr), on("getfd", "f"))
	t.add("open w, truncate", writable("ok"), open("@/file", wronly|unix.O_TRUNC))
	t.add("open r, truncate", writable("ok"), open("@/file", rdonly|unix.O_TRUNC))
	t.add("truncation is done", writable("file 644 0"), open("@/file", wronly|unix.O_TRUNC), do("stat", "@/file"))

	// Access mode 3 asks for both rights and gives a descriptor with neither.
	// A read-only overlay beneath a facade refuses that.
	t.add("open mode 3", readable("ok|EROFS"), open("@/file", acc3))
	t.add("mode 3 does not read", readable("EBADF|EROFS"), openAs("f", "@/file", acc3), on("read", "f"))
	t.add("mode 3 does not write", readable("EBADF|EROFS"), openAs("f", "@/file", acc3), on("write", "f").to("x"))
	t.add("open mode 3, truncate", writable("ok"), open("@/file", acc3|unix.O_TRUNC))
	t.add("mode 3 changes no flags", openable("ok|EROFS"), openAs("f", "@/file", acc3), on("setflags", "f"))

	t.add("create existing r", readable("ok"), open("@/file", rdonly|unix.O_CREAT))
	t.add("create existing w", openable("ok"), open("@/file", wronly|unix.O_CREAT))
	t.add("create new", writable("file 644 0"), open("@/new", wronly|unix.O_CREAT), do("stat", "@/new"))
	t.add("create new r", writable("ok"), open("@/new", rdonly|unix.O_CREAT))
	t.add("create by a dangling link", writable("file 644 0"), open("@/dangling", wronly|unix.O_CREAT), do("stat", "@/missing"))
	t.add("create exclusively", writable("ok"), open("@/new", rdwr|unix.O_CREAT|unix.O_EXCL))
	t.add("create existing exclusively", seen("EEXIST"), open("@/file", rdwr|unix.O_CREAT|unix.O_EXCL))
	t.add("create a link exclusively", seen("EEXIST"), open("@/dangling", rdwr|unix.O_CREAT|unix.O_EXCL))
	t.add("create over a directory", seen("EISDIR"), open("@/dir", wronly|unix.O_CREAT))
	t.add("create with a slash", seen("EISDIR"), open("@/new/", wronly|unix.O_CREAT))
	t.add("create in a missing directory", each("ENOENT"), open("@/missing/new", wronly|unix.O_CREAT))
	t.add("create beneath a file", [4]string{"ENOENT", "ENOTDIR", "ENOTDIR", "ENOTDIR"}, open("@/file/new", wronly|unix.O_CREAT))
	t.add("creat", writable("ok"), do("creat", "@/file").mode(0o600))
	t.add("creat new", writable("file 600 0"), do("creat", "@/new").mode(0o600), do("stat", "@/new"))
	t.add("created read-only, written", writable("1"), openAs("f", "@/new", wronly|unix.O_CREAT).mode(0o400), on("write", "f").to("x"))
	t.add("written and read", writable(`"text"`), put("@/new", "text"), cat("@/new"))

	t.add("tmpfile", writable("ok"), open("@/dir", rdwr|unix.O_TMPFILE))
	t.add("tmpfile r", each("EINVAL"), open("@/dir", rdonly|unix.O_TMPFILE)).in(absolute, legacy)
	t.add("tmpfile in a file", [4]string{"ENOENT", "ENOTDIR", "ENOTDIR", "ENOTDIR"}, open("@/file", rdwr|unix.O_TMPFILE))
	t.add("tmpfile, linked", writable(`"text"`), openAs("f", "@/dir", rdwr|unix.O_TMPFILE), on("write", "f").to("text"),
		two("link", "/proc/self/fd/{f}", "@/new").flags(unix.AT_SYMLINK_FOLLOW), cat("@/new"))

	how := func(path string, resolve uint64) op {
		return do("openat2", path).flags(wronly).resolve(resolve)
	}
	t.add("openat2 w", openable("ok"), how("@/file", 0))
	t.add("openat2 w, larger structure", openable("ok"), how("@/file", 0).size(32))
	t.add("openat2 r", readable("ok"), how("@/file", 0).flags(rdonly))
	t.add("openat2 create", writable("ok"), how("@/new", 0).flags(wronly|unix.O_CREAT).mode(0o644))
	t.add("openat2 no symlinks", openable("ok"), how("@/file", unix.RESOLVE_NO_SYMLINKS)).in(absolute, dirfd, relative, dotdot)
	t.add("openat2 no symlinks, link", seen("ELOOP"), how("@/link", unix.RESOLVE_NO_SYMLINKS)).in(absolute, dirfd, relative, dotdot)
	t.add("openat2 no symlinks, linked directory", seen("ELOOP"), how("@/dirlink/inner", unix.RESOLVE_NO_SYMLINKS)).in(absolute, dotdot)
	t.add("openat2 no magic links", openable("ok"), how("@/link", unix.RESOLVE_NO_MAGICLINKS)).in(absolute, dirfd, relative, dotdot)
	t.add("openat2 beneath", openable("ok"), how("@/link", unix.RESOLVE_BENEATH)).in(dirfd, relative)
	t.add("openat2 beneath, absolute", each("EXDEV"), how("@/file", unix.RESOLVE_BENEATH)).in(absolute)
	t.add("openat2 bad flags", each("EINVAL"), how("@/file", 0).flags(wronly|1<<30)).in(absolute)
	t.add("openat2 mode without create", each("EINVAL"), how("@/file", 0).mode(0o644)).in(absolute)

	from := openAs("d", "@", unix.O_DIRECTORY).plain()
	within := func(path string, resolve uint64) op {
		return do("openat2", path).in("d").flags(wronly).resolve(resolve)
	}
	t.add("openat2 beneath, within", openable("ok"), from, within("dir/../file", unix.RESOLVE_BENEATH))
	t.add("openat2 beneath, out", seen("EXDEV"), from, within("../file", unix.RESOLVE_BENEATH))
	t.add("openat2 beneath, out and back", seen("EXDEV"), from, within("dir/../../x", unix.RESOLVE_BENEATH))
	t.add("openat2 in root, up", openable("ok"), from, within("../../file", unix.RESOLVE_IN_ROOT))
	t.add("openat2 in root, absolute", openable("ok"), from, within("/dir/../file", unix.RESOLVE_IN_ROOT))
	t.add("openat2 in root, create", writable("ok"), from, within("/new", unix.RESOLVE_IN_ROOT).flags(wronly|unix.O_CREAT).mode(0o644))

	t.add("mmap shared", openable(`"MMAPent\n"`), openAs("f", "@/file", rdwr), on("mmap", "f").to("MMAP"))
	t.add("mmap shared, opened r", readable("EACCES"), openAs("f", "@/file", rdonly), on("mmap", "f").to("MMAP"))
	t.add("flock", readable("ok"), openAs("f", "@/file", rdonly), on("flock", "f").flags(unix.LOCK_EX))
	t.add("flock rw", openable("ok"), openAs("f", "@/file", rdwr), on("flock", "f").flags(unix.LOCK_EX))
	t.add("fallocate", openable("ok"), openAs("f", "@/file", rdwr), on("fallocate", "f").size(100))
	t.add("fallocate, opened r", readable("EBADF"), openAs("f", "@/file", rdonly), on("fallocate", "f").size(100))
	t.add("exec", [4]string{"ENOENT", "EACCES", "exit 7", "exit 7"}, do("exec", "@/exe"))
	t.add("exec no program", readable("EACCES"), do("exec", "@/file"))
	t.add("exec dir", seen("EACCES"), do("exec", "@/dir"))
}
