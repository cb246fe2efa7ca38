// SPDX-License-Identifier: MIT

package fsguardtest

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/fsguard"
)

// prying are all ways to ask about a name, or to try something on it. @ is the
// name, and D its directory, in which M/write is a file that may be written.
var prying = []struct {
	want string // where the name has the level none
	op   op
}{
	{"ENOENT", do("lstat", "@")},
	{"ENOENT", do("stat", "@")},
	{"ENOENT", do("stat", "@/")},
	{"ENOENT", do("stat", "@/below")},
	{"ENOENT", do("stat", "@/..")},
	{"ENOENT", do("statx", "@")},
	{"ENOENT", do("readlink", "@")},
	{"ENOENT", do("readdir", "@")},
	{"ENOENT", cat("@")},
	{"ENOENT", open("@", unix.O_PATH)},
	{"ENOENT", open("@", wronly)},
	{"ENOENT", open("@", rdwr|unix.O_APPEND)},
	{"ENOENT", open("@", wronly|unix.O_TRUNC)},
	{"ENOENT", open("@", acc3)},
	{"ENOENT", open("@", rdwr|unix.O_TMPFILE)},
	{"EROFS", open("@", wronly|unix.O_CREAT)},
	{"EROFS", open("@", rdonly|unix.O_CREAT)},
	{"EROFS", open("@", wronly|unix.O_CREAT|unix.O_EXCL)},
	{"EROFS", open("@", wronly|unix.O_CREAT|unix.O_NOFOLLOW)},
	{"EISDIR", open("@/", wronly|unix.O_CREAT)},
	{"ENOENT", open("@/below", wronly|unix.O_CREAT)},
	{"ENOENT", do("openat2", "@").flags(rdwr)},
	{"EROFS", do("openat2", "@").flags(rdwr | unix.O_CREAT).mode(0o600)},
	{"ELOOP|EROFS", do("openat2", "@").flags(rdwr | unix.O_CREAT).mode(0o600).resolve(unix.RESOLVE_NO_SYMLINKS)},
	{"EROFS", do("creat", "@").mode(0o600)},
	{"ENOENT", mayAccess("@", unix.F_OK)},
	{"ENOENT", mayAccess("@", unix.W_OK)},
	{"ENOENT", mayAccess("@", unix.X_OK)},
	{"ENOENT", do("faccessat2", "@").mode(unix.W_OK).flags(unix.AT_SYMLINK_NOFOLLOW)},
	{"EROFS", mkdir("@")},
	{"ENOENT", mkdir("@/below")},
	{"EROFS", do("rmdir", "@")},
	{"EROFS", do("unlink", "@")},
	{"EROFS", do("symlink", "@").to("x")},
	{"EROFS", do("mknod", "@").mode(unix.S_IFREG | 0o600)},
	{"EROFS", do("mknod", "@").mode(unix.S_IFIFO | 0o600)},
	{"EROFS", do("mknod", "@").mode(unix.S_IFCHR | 0o600).size(0x103)},
	{"EROFS", do("bind", "@")},
	{"EROFS", two("rename", "@", "D/other")},
	{"EROFS", two("rename", "M/write", "@")},
	{"EROFS", noReplace("M/write", "@")},
	{"EROFS", exchange("M/write", "@")},
	{"EROFS", exchange("@", "M/write")},
	{"ENOENT", two("link", "@", "D/other")},
	{"EROFS", two("link", "M/write", "@")},
	{"ENOENT", two("link", "@", "D/other").flags(unix.AT_SYMLINK_FOLLOW)},
	{"ENOENT", do("truncate", "@").size(1)},
	{"ENOENT", do("chmod", "@").mode(0o777)},
	{"ENOENT", do("fchmodat2", "@").mode(0o777).flags(unix.AT_SYMLINK_NOFOLLOW)},
	{"ENOENT", do("chown", "@")},
	{"ENOENT", do("utimens", "@").size(1)},
	{"ENOENT", do("setxattr", "@").name("user.x").to("v")},
	{"ENOENT", do("setxattr", "@").name("security.x").to("v")},
	{"ENOENT", do("lsetxattr", "@").name("trusted.x").to("v")},
	{"ENOENT", do("removexattr", "@").name("user.x")},
	{"ENOENT", do("getxattr", "@").name("user.x")},
	{"ENOENT", do("listxattr", "@")},
	{"ENOENT", do("chdir", "@")},
	{"ENOENT", do("exec", "@")},
	{"ENOENT", do("inotify", "@")},
	{"ENOENT", do("statfs", "@")},
}

// hidden asks about hidden names and about names that nobody has used: no
// answer tells one from the other, in a directory of any level.
func (s suite) hidden(t *testing.T) {
	src := s.mixedSource(t)
	src.symlink("none", "/mix/none.link")
	b := s.box(t, src, mixedRules...)
	for _, dir := range []string{"/mix", "/ro", "/listed"} {
		var scripts []script
		names := []string{"none.free", "none", "none.exe", "none.d", "none.link"}
		for _, name := range names {
			path := Workspace + dir + "/" + name
			for _, c := range prying {
				o := script{c.op}.substitute(path)[0]
				if o.To == "D/other" {
					o.To = text(Workspace + dir + "/none.other")
				}
				scripts = append(scripts, script{o}.inMixed())
			}
		}
		for i, got := range b.run(absolute, scripts...) {
			c := prying[i%len(prying)]
			if !oneOf(c.want, outcome(got)) {
				t.Errorf("%s %s (flags %o): %s, want %s", scripts[i][0].Call, scripts[i][0].Path, scripts[i][0].Flags, outcome(got), c.want)
			}
		}
	}
}

// viewOnly is a policy by which nothing can be read, the probe neither: the
// shell looks instead.
func (s suite) viewOnly(t *testing.T) {
	src := s.newSource(t)
	src.file("/dir/file", "content\n", 0o644)
	src.file("/dir/exe", "#!/bin/sh\nexit 7\n", 0o755)
	src.file("/dir/none", "secret\n", 0o644)
	src.seal()
	box := s.factory(t, src.dir, []fsguard.Rule{
		{Pattern: "/**", Permission: fsguard.View},
		{Pattern: "/dir/none", Type: fsguard.File, Permission: fsguard.None},
	})
	t.Cleanup(box.Close)
	for command, want := range map[string]string{
		"ls dir": "exe\nfile\n",
		"find . -name file -size 8c -perm 644 -o -name file -size 8c -perm 0": "./dir/file\n",
		"cat dir/file; test $? = 1 && echo refused":                           "refused\n",
		"./dir/exe; test $? = 126 && echo refused":                            "refused\n",
		"cd dir && pwd": "/workspace/dir\n",
		"cat dir/none; test -e dir/none || echo absent":                        "absent\n",
		"echo x > dir/file; echo x > dir/new; mkdir d; rm -f dir/file; ls dir": "exe\nfile\n",
		"mmap=$(head -c1 < dir/file); echo \"[$mmap]\"":                        "[]\n",
	} {
		stdout, stderr, _ := box.Exec([]string{"/bin/sh", "-c", command}, nil)
		if string(stdout) != want {
			t.Errorf("%s: %q, want %q (%s)", command, stdout, want, stderr)
		}
	}
}
