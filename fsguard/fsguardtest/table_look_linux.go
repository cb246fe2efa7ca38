// SPDX-License-Identifier: MIT

package fsguardtest

import "golang.org/x/sys/unix"

// each gives the four levels the same result.
func each(r string) [4]string { return [4]string{r, r, r, r} }

// seen is the result of looking at what is not hidden.
func seen(r string) [4]string { return [4]string{"ENOENT", r, r, r} }

// readable is the result of what needs the level read.
func readable(r string) [4]string { return [4]string{"ENOENT", "EACCES", r, r} }

// writable is the result of a change that needs nothing but the level write:
// where it is missing, the mount is read-only.
func writable(r string) [4]string { return [4]string{"ENOENT", "EROFS", "EROFS", r} }

// openable is that of a change by an open file: a view file cannot be opened.
func openable(r string) [4]string { return [4]string{"ENOENT", "EACCES", "EROFS", r} }

func looking(t *table) {
	t.add("lstat file", [4]string{"ENOENT", "file 0 8", "file 644 8", "file 644 8"}, do("lstat", "@/file"))
	t.add("stat file", [4]string{"ENOENT", "file 0 8", "file 644 8", "file 644 8"}, do("stat", "@/file"))
	t.add("statx file", [4]string{"ENOENT", "file 0", "file 644", "file 644"}, do("statx", "@/file"))
	t.add("lstat link", seen("link 777 4"), do("lstat", "@/link"))
	t.add("stat link", [4]string{"ENOENT", "file 0 8", "file 644 8", "file 644 8"}, do("stat", "@/link"))
	t.add("stat dangling link", each("ENOENT"), do("stat", "@/dangling"))
	t.add("stat dir", seen("dir 755"), do("stat", "@/dir"))
	t.add("stat missing", each("ENOENT"), do("lstat", "@/missing"))
	t.add("stat beneath a file", [4]string{"ENOENT", "ENOTDIR", "ENOTDIR", "ENOTDIR"}, do("lstat", "@/file/x"))
	t.add("stat file with slash", [4]string{"ENOENT", "ENOTDIR", "ENOTDIR", "ENOTDIR"}, do("lstat", "@/file/"))
	t.add("stat dir with slash", seen("dir 755"), do("lstat", "@/dirlink/"))
	t.add("readlink", seen("-> file"), do("readlink", "@/link"))
	t.add("readlink of a file", [4]string{"ENOENT", "EINVAL", "EINVAL", "EINVAL"}, do("readlink", "@/file"))
	t.add("readdir", seen("[dangling dir dirlink empty exe file link other]"), do("readdir", "@/."))
	t.add("readdir of a file", [4]string{"ENOENT", "ENOTDIR", "ENOTDIR", "ENOTDIR"}, do("readdir", "@/file"))
	t.add("statfs", seen("ok"), do("statfs", "@/file"))
	t.add("inotify file", readable("ok"), do("inotify", "@/file"))
	t.add("inotify dir", seen("ok"), do("inotify", "@/dir"))
	t.add("chdir", seen("ok"), do("chdir", "@/dir"))
	t.add("chdir to a file", [4]string{"ENOENT", "ENOTDIR", "ENOTDIR", "ENOTDIR"}, do("chdir", "@/file"))

	for _, call := range []string{"access", "faccessat2"} {
		ask := func(path string, mode uint32) op { return do(call, path).mode(mode) }
		t.add(call+" F", seen("ok"), ask("@/file", unix.F_OK))
		t.add(call+" R", readable("ok"), ask("@/file", unix.R_OK))
		t.add(call+" W", openable("ok"), ask("@/file", unix.W_OK))
		t.add(call+" RW by link", openable("ok"), ask("@/link", unix.R_OK|unix.W_OK))
		t.add(call+" X", readable("ok"), ask("@/exe", unix.X_OK))
		t.add(call+" X of no program", readable("EACCES"), ask("@/file", unix.X_OK))
		t.add(call+" WX", openable("ok"), ask("@/exe", unix.W_OK|unix.X_OK))
		t.add(call+" WX of no program", readable("EACCES"), ask("@/file", unix.W_OK|unix.X_OK))
		t.add(call+" W dir", writable("ok"), ask("@/dir", unix.W_OK))
		t.add(call+" W missing", each("ENOENT"), ask("@/missing", unix.W_OK))
		t.add(call+" bad mode", each("EINVAL"), ask("@/file", 8|unix.W_OK)).in(absolute, legacy)
	}
	t.add("faccessat2 W of a link itself", writable("ok"), do("faccessat2", "@/link").mode(unix.W_OK).flags(unix.AT_SYMLINK_NOFOLLOW))
	t.add("faccessat2 W effective", openable("ok"), do("faccessat2", "@/file").mode(unix.W_OK).flags(unix.AT_EACCESS))
	t.add("faccessat2 bad flags", each("EINVAL"), do("faccessat2", "@/file").mode(unix.W_OK).flags(1<<20)).in(absolute)

	t.add("getxattr", [4]string{"ENOENT", "EACCES", "ENODATA", "ENODATA"}, do("getxattr", "@/file").name("user.x"))
	t.add("getxattr trusted", seen("ENODATA"), do("getxattr", "@/file").name("trusted.x"))
	t.add("listxattr", seen("[]"), do("listxattr", "@/file"))
}
