// SPDX-License-Identifier: MIT

package fsguardtest

import "golang.org/x/sys/unix"

// searching is about what a path asks of its last component by more than the
// name: a dot asks for a directory that may be searched, a slash for any
// directory, and a symlink for what its own text asks for.
func searching(t *table) {
	closed := do("chmod", "@/dir").mode(0o600)
	for _, path := range []string{"@/dir/.", "@/dir/./", "@/dir/./.", "@/dir/inner", "@/dir/..", "@/dir/../file"} {
		t.add("open w by way of a closed directory, "+path, writable("EACCES"), closed, open(path, wronly|unix.O_NOFOLLOW))
		t.add("access by way of a closed directory, "+path, writable("EACCES"), closed, mayAccess(path, unix.W_OK))
		t.add("chmod by way of a closed directory, "+path, writable("EACCES"), closed, do("chmod", path).mode(0o700))
		t.add("utimens by way of a closed directory, "+path, writable("EACCES"), closed, do("utimens", path).size(1e9))
	}
	t.add("mkdir in a closed directory", writable("EACCES"), closed, mkdir("@/dir/new"))
	// The kernel gets to the old name of a rename before it looks for the new one, and only
	// then at both; it looks at the old name of a link first.
	for _, c := range [][2]string{{"rename", "EACCES"}, {"renameat2", "EACCES"}, {"link", "ENOENT"}} {
		call, missing := c[0], c[1]
		for _, to := range []string{"@/missing/new", "@/file/new", "@/dir/new"} {
			t.add(call+" out of a closed directory, to "+to, writable("EACCES"), closed, two(call, "@/dir/inner", to))
		}
		t.add(call+" of what is missing, to a closed directory", writable("ENOENT"), closed, two(call, "@/missing/inner", "@/dir/new"))
		t.add(call+" of a missing name, to a closed directory", writable(missing), closed, two(call, "@/missing", "@/dir/new"))
	}
	t.add("exchange out of a closed directory, to nowhere", writable("EACCES"), closed, two("renameat2", "@/dir/inner", "@/missing/new").flags(unix.RENAME_EXCHANGE))
	for _, path := range []string{"@/dir", "@/dir/"} {
		t.add("open w closed directory, "+path, writable("EISDIR"), closed, open(path, wronly))
		t.add("access closed directory, "+path, writable("ok"), closed, mayAccess(path, unix.W_OK))
		t.add("chmod closed directory, "+path, writable("dir 700"), closed, do("chmod", path).mode(0o700), do("stat", "@/dir/."))
	}

	to := func(target string) op { return do("symlink", "@/new").to(target) }
	for _, target := range []string{"dir/.", "dir/./", "@/dir/."} {
		t.add("open w closed directory by link to "+target, writable("EACCES"), to(target), closed, open("@/new", wronly))
		t.add("chmod closed directory by link to "+target, writable("EACCES"), to(target), closed, do("chmod", "@/new").mode(0o700))
	}
	t.add("chmod closed directory by link", writable("dir 700"), to("dir/"), closed, do("chmod", "@/new").mode(0o700), do("stat", "@/dir"))
	for _, target := range []string{"file/", "file/.", "@/file/", "link/"} {
		t.add("open w by link to "+target, writable("ENOTDIR"), to(target), do("stat", "@/file"), open("@/new", wronly))
		t.add("chmod by link to "+target, writable("ENOTDIR"), to(target), do("stat", "@/file"), do("chmod", "@/new").mode(0o600))
		t.add("openat2 by link to "+target, writable("ENOTDIR"), to(target), do("stat", "@/file"),
			do("openat2", "@/new").flags(wronly).resolve(unix.RESOLVE_NO_MAGICLINKS)).in(absolute, dirfd, relative, dotdot)
	}
	t.add("create by link with a slash", writable("EISDIR"), to("missing/"), open("@/new", wronly|unix.O_CREAT))
	t.add("create by link with a dot", writable("ENOENT"), to("missing/."), open("@/new", wronly|unix.O_CREAT))
}
