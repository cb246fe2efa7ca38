// SPDX-License-Identifier: MIT

package fsguardtest

import "golang.org/x/sys/unix"

func naming(t *table) {
	notDir := [4]string{"ENOENT", "ENOTDIR", "ENOTDIR", "ENOTDIR"}
	t.add("mkdir", writable("dir 755"), mkdir("@/new"), do("stat", "@/new"))
	t.add("mkdir with a slash", writable("ok"), mkdir("@/new/"))
	t.add("mkdir existing", seen("EEXIST"), mkdir("@/dir"))
	t.add("mkdir over a file", seen("EEXIST"), mkdir("@/file"))
	t.add("mkdir over a link", seen("EEXIST"), mkdir("@/dangling"))
	t.add("mkdir in a missing directory", each("ENOENT"), mkdir("@/missing/new"))
	t.add("mkdir beneath a file", notDir, mkdir("@/file/new"))
	t.add("mkdir beneath a linked directory", writable("ok"), mkdir("@/dirlink/new"))

	t.add("rmdir", writable("ok"), do("rmdir", "@/empty"))
	t.add("rmdir with a slash", writable("ok"), do("rmdir", "@/empty/"))
	t.add("rmdir not empty", writable("ENOTEMPTY"), do("rmdir", "@/dir"))
	t.add("rmdir file", writable("ENOTDIR"), do("rmdir", "@/file"))
	t.add("rmdir link", writable("ENOTDIR"), do("rmdir", "@/dirlink"))
	t.add("rmdir missing", writable("ENOENT"), do("rmdir", "@/missing"))
	t.add("rmdir dot", seen("EINVAL"), do("rmdir", "@/dir/."))
	t.add("rmdir dot dot", seen("ENOTEMPTY"), do("rmdir", "@/dir/.."))

	t.add("unlink", writable("ok"), do("unlink", "@/file"))
	t.add("unlink link", writable("file 644 8"), do("unlink", "@/link"), do("stat", "@/file"))
	t.add("unlink dir", writable("EISDIR"), do("unlink", "@/dir"))
	t.add("unlink missing", writable("ENOENT"), do("unlink", "@/missing"))
	t.add("unlink with a slash", writable("ENOTDIR"), do("unlink", "@/file/"))
	t.add("unlink in a missing directory", each("ENOENT"), do("unlink", "@/missing/x"))
	t.add("unlink, then look", writable("ENOENT"), do("unlink", "@/file"), do("lstat", "@/file"))
	t.add("unlink, then create", writable(`"again"`), do("unlink", "@/file"), put("@/file", "again"), cat("@/file"))
	t.add("unlinked stays readable", [4]string{"ENOENT", "EACCES", "EROFS", `"content\n"`},
		openAs("f", "@/file", rdonly), do("unlink", "@/file"), on("read", "f"))
	t.add("unlinked stays writable", openable("5"), openAs("f", "@/file", rdwr), do("unlink", "@/file"), on("write", "f").to("still"))

	t.add("symlink", writable("-> anything"), do("symlink", "@/new").to("anything"), do("readlink", "@/new"))
	t.add("symlink over a file", seen("EEXIST"), do("symlink", "@/file").to("anything"))
	t.add("symlink empty", each("ENOENT"), do("symlink", "@/new").to(""))

	t.add("mknod regular", writable("file 640 0"), do("mknod", "@/new").mode(unix.S_IFREG|0o640), do("stat", "@/new"))
	t.add("mknod regular, type 0", writable("file 600 0"), do("mknod", "@/new").mode(0o600), do("stat", "@/new"))
	t.add("mknod existing", seen("EEXIST"), do("mknod", "@/file").mode(unix.S_IFREG|0o600))
	t.add("mknod fifo", writable("fifo 600 0"), do("mknod", "@/new").mode(unix.S_IFIFO|0o600), do("stat", "@/new"))
	t.add("mknod socket", writable("socket 600 0"), do("mknod", "@/new").mode(unix.S_IFSOCK|0o600), do("stat", "@/new"))
	t.add("mknod device", writable("EPERM"), do("mknod", "@/new").mode(unix.S_IFCHR|0o666).size(0x103))
	t.add("mknod block device", writable("EPERM"), do("mknod", "@/new").mode(unix.S_IFBLK|0o666).size(0x700))
	t.add("mknod whiteout", writable("EPERM"), do("mknod", "@/new").mode(unix.S_IFCHR))
	t.add("mknod device over a file", seen("EEXIST"), do("mknod", "@/file").mode(unix.S_IFCHR|0o666).size(0x103))
	t.add("mknod directory", each("EPERM"), do("mknod", "@/new").mode(unix.S_IFDIR|0o755)).in(absolute, legacy)
}

func moving(t *table) {
	t.add("rename", writable(`"content\n"`), two("rename", "@/file", "@/new"), cat("@/new"))
	t.add("renamed is gone", writable("ENOENT"), two("rename", "@/file", "@/new"), do("lstat", "@/file"))
	t.add("rename over", writable(`"content\n"`), two("rename", "@/file", "@/other"), cat("@/other"))
	t.add("rename to itself", writable(`"content\n"`), two("rename", "@/file", "@/file"), cat("@/file"))
	t.add("rename missing", writable("ENOENT"), two("rename", "@/missing", "@/new"))
	t.add("rename into a missing directory", each("ENOENT"), two("rename", "@/file", "@/missing/new"))
	t.add("rename link", writable("-> file"), two("rename", "@/link", "@/new"), do("readlink", "@/new"))
	t.add("rename over a link", writable(`"other\n"`), two("rename", "@/other", "@/link"), cat("@/link"))
	t.add("rename file over dir", writable("EISDIR"), two("rename", "@/file", "@/empty"))
	t.add("rename file with a slash", writable("ENOTDIR"), two("rename", "@/file", "@/new/"))
	t.add("rename dot", seen("EBUSY"), two("rename", "@/dir/.", "@/new"))
	t.add("rename dir of the source", writable("EXDEV"), two("rename", "@/dir", "@/new"))
	t.add("rename dir made here", writable(`"x"`), mkdir("@/new"), put("@/new/x", "x"), two("rename", "@/new", "@/moved"), cat("@/moved/x"))
	t.add("rename dir with slashes", writable("ok"), mkdir("@/new"), two("rename", "@/new/", "@/moved/"))
	t.add("rename dir over file", writable("ENOTDIR"), mkdir("@/new"), two("rename", "@/new", "@/file"))
	t.add("rename dir over empty", writable("ok"), mkdir("@/new"), mkdir("@/target"), two("rename", "@/new", "@/target"))
	t.add("rename dir over full", writable("ENOTEMPTY"), mkdir("@/new"), two("rename", "@/new", "@/dir"))
	t.add("rename dir into itself", writable("EINVAL"), mkdir("@/new"), two("rename", "@/new", "@/new/sub"))
	t.add("renameat2", writable("ok"), two("renameat2", "@/file", "@/new"))
	t.add("rename noreplace", writable("ok"), two("renameat2", "@/file", "@/new").flags(unix.RENAME_NOREPLACE))
	t.add("rename noreplace, existing", writable("EEXIST"), two("renameat2", "@/file", "@/other").flags(unix.RENAME_NOREPLACE))
	t.add("exchange", writable(`"other\n"`), two("renameat2", "@/file", "@/other").flags(unix.RENAME_EXCHANGE), cat("@/file"))
	t.add("exchange with missing", writable("ENOENT"), two("renameat2", "@/file", "@/new").flags(unix.RENAME_EXCHANGE))
	t.add("exchange file and dir", writable("dir 755"), mkdir("@/new"), two("renameat2", "@/file", "@/new").flags(unix.RENAME_EXCHANGE), do("stat", "@/file"))
	t.add("rename with a whiteout", writable("EINVAL"), two("renameat2", "@/file", "@/new").flags(unix.RENAME_WHITEOUT))
	t.add("rename missing, flags that exclude each other", each("EINVAL"), two("renameat2", "@/missing/x", "@/new").flags(unix.RENAME_NOREPLACE|unix.RENAME_EXCHANGE)).in(absolute)
	t.add("rename missing, bad flags", each("EINVAL"), two("renameat2", "@/missing/x", "@/new").flags(64)).in(absolute)
	t.add("rename bad flags", each("EINVAL"), two("renameat2", "@/file", "@/new").flags(64)).in(absolute)
	t.add("rename bad pair of flags", each("EINVAL"), two("renameat2", "@/file", "@/other").flags(unix.RENAME_EXCHANGE|unix.RENAME_NOREPLACE)).in(absolute)

	t.add("link", writable(`"content\n"`), two("link", "@/file", "@/new"), cat("@/new"))
	t.add("linked is one file", writable(`"changed"`), two("link", "@/file", "@/new"), put("@/new", "changed"), cat("@/file"))
	t.add("link counts", writable("links 2"), two("link", "@/file", "@/new"), do("links", "@/new"))
	t.add("link existing", seen("EEXIST"), two("link", "@/file", "@/other"))
	t.add("link missing", each("ENOENT"), two("link", "@/missing", "@/new"))
	t.add("link dir", writable("EPERM"), two("link", "@/dir", "@/new"))
	t.add("link a symlink", writable("-> file"), two("link", "@/link", "@/new"), do("readlink", "@/new"))
	t.add("link a symlink, follow", writable(`"content\n"`), two("link", "@/link", "@/new").flags(unix.AT_SYMLINK_FOLLOW), cat("@/new"))
	t.add("link an opened file", writable(`"content\n"`), openAs("f", "@/file", unix.O_PATH),
		two("link", "/proc/self/fd/{f}", "@/new").flags(unix.AT_SYMLINK_FOLLOW), cat("@/new"))
	t.add("link bad flags", each("EINVAL"), two("link", "@/file", "@/new").flags(1<<20)).in(absolute)
}
