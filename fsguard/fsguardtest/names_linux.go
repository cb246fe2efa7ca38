// SPDX-License-Identifier: MIT

package fsguardtest

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/fsguard"
)

// oddNames are names like any other.
var oddNames = []string{
	"with space", "new\nline", "\n", "tab\t", "\x01", "\x7f", "not utf-8 \xff\xfe", "\xc3\x28", "é", "e\u0301", "名前",
	"back\\slash", `\134`, `"quoted"`, "'", "$(x)", "*", "?", "[a]", "{a,b}", "!", "~", "#", "%s", "a:b,c=d", "-rf", "--",
	"...", "..a", ".hidden", ".wh.", ".wh.name", ".wh..opq", ".wh..wh..opq", ".wh..wh.aufs", "work", "upper", "index",
	"name (deleted)", "UPPER", strings.Repeat("n", 255), strings.Repeat("\xff", 255), strings.Repeat("é", 127),
}

// names uses names that have a meaning to some layer or tool, in a tree that
// has some of them already, at each level.
func (s suite) names(t *testing.T) {
	src := s.newSource(t)
	for _, name := range oddNames {
		for _, l := range levelNames {
			src.file("/"+l+"/"+name, "source\n", 0o644)
		}
	}
	b := s.box(t, src,
		fsguard.Rule{Pattern: "/view", Type: fsguard.Directory, Permission: fsguard.View},
		fsguard.Rule{Pattern: "/read", Type: fsguard.Directory, Permission: fsguard.Read},
		fsguard.Rule{Pattern: "/write", Type: fsguard.Directory, Permission: fsguard.Write})
	var scripts []script
	for _, name := range oddNames {
		p := func(dir string) string { return Workspace + "/" + dir + "/" + name }
		scripts = append(scripts,
			script{do("lstat", p("none"))},
			script{do("lstat", p("view"))},
			script{cat(p("view"))},
			script{put(p("view"), "x")},
			script{cat(p("read"))},
			script{open(p("read"), wronly)},
			script{do("unlink", p("read"))},
			script{put(p("write"), "changed"), cat(p("write"))},
			script{do("unlink", p("write")), mkdir(p("write")), put(p("write")+"/"+name, "deep"), cat(p("write") + "/" + name)},
			script{do("chdir", p("write")), put("./"+name, "from here"), cat(p("write") + "/" + name), do("readdir", ".")},
			script{two("rename", p("write")+"/"+name, p("write")+"/renamed"), do("symlink", p("write")+"/"+name).to(p("read")), cat(p("write") + "/" + name)},
			script{put(p("write")+"/"+name, "x")},
			script{do("setxattr", p("write")+"/renamed").name("user." + name[:1]).to(name), do("getxattr", p("write")+"/renamed").name("user." + name[:1])})
	}
	want := []string{"ENOENT", "file 0 7", "EACCES", "EROFS", `"source\n"`, "EROFS", "EROFS", `"changed"`, `"deep"`, "", `"source\n"`, "EROFS", ""}
	for i, got := range b.run(absolute, scripts...) {
		name, w := oddNames[i/len(want)], want[i%len(want)]
		switch i % len(want) {
		case 9:
			w = "[" + strings.Trim(strconv.QuoteToASCII(name), `"`) + "]"
		case 12:
			w = strconv.QuoteToASCII(name)
		}
		if outcome(got) != w {
			t.Errorf("name %q, script %d: %s, want %s", name, i%len(want), outcome(got), w)
		}
	}
	long := Workspace + "/write/" + strings.Repeat("n", 256)
	b.expect(script{put(long, "x"), mkdir(long), do("unlink", long), two("rename", Workspace+"/write/work", long), do("symlink", long).to("x"), do("lstat", long)},
		"ENAMETOOLONG", "ENAMETOOLONG", "ENAMETOOLONG", "ENAMETOOLONG", "ENAMETOOLONG", "ENAMETOOLONG")
	b.expect(script{put("", "x"), mkdir(""), do("unlink", ""), two("rename", "", long), put("/", "x"), put(Workspace, "x"), do("rmdir", Workspace), mkdir(Workspace)},
		"ENOENT", "ENOENT", "ENOENT", "ENOENT", "EISDIR", "EISDIR", "EBUSY|EROFS|EACCES", "EEXIST")
}

// deep works at the end of the longest path that there is.
func (s suite) deep(t *testing.T) {
	src := s.newSource(t)
	part := "/" + strings.Repeat("d", 200)
	src.file("/write"+strings.Repeat(part, 15)+"/file", "bottom\n", 0o644)
	src.file("/read"+strings.Repeat(part, 15)+"/file", "bottom\n", 0o644)
	b := s.box(t, src,
		fsguard.Rule{Pattern: "/read", Type: fsguard.Directory, Permission: fsguard.Read},
		fsguard.Rule{Pattern: "/write", Type: fsguard.Directory, Permission: fsguard.Write})
	bottom := func(l string) string { return Workspace + "/" + l + strings.Repeat(part, 15) }
	for _, how := range []style{absolute, dirfd, relative, proc} {
		got := b.run(how,
			script{cat(bottom("read") + "/file")}, script{open(bottom("read")+"/file", wronly)}, script{mkdir(bottom("read") + "/new")},
			script{put(bottom("write")+"/file", "x"), cat(bottom("write") + "/file")},
			script{mkdir(bottom("write") + "/new"), two("rename", bottom("write")+"/new", bottom("write")+"/old"), do("rmdir", bottom("write")+"/old")},
			script{do("chdir", bottom("write")), do("getcwd", "")})
		for i, want := range []string{`"bottom\n"`, "EROFS", "EROFS", `"x"`, "ok", bottom("write")} {
			if outcome(got[i]) != want {
				t.Errorf("%s, script %d: %s, want %s", how, i, outcome(got[i]), want)
			}
		}
	}
	// Down, step by step, to where no path of 4095 bytes reaches: there the
	// workspace is read-only.
	down := script{do("chdir", bottom("write"))}
	for range 5 {
		down = append(down, mkdir(part[1:]), do("chdir", part[1:]), put("file", "x"), cat("file"))
	}
	if got := b.run(absolute, down)[0]; outcome(got) != `"x"` {
		t.Errorf("on the way down: %s", outcome(got))
	}
	b.expect(script{do("chdir", bottom("write")), do("chdir", strings.Repeat(part, 5)[1:]), mkdir(part[1:]), do("chdir", part[1:]), mkdir("x"), do("readdir", ".")},
		"ok", "ok", "ok", "ok", "EROFS", "[]")
}

// workingDirectory asks where the process is, wherever that is.
func (s suite) workingDirectory(t *testing.T) {
	b := s.box(t, s.mixedSource(t), mixedRules...)
	const mix = Workspace + "/mix"
	cwd := do("getcwd", "")
	for _, dir := range []string{"", "/mix", "/ro", "/listed", "/through", "/through/deep", "/mix/holds-hidden", "/mix/read.d", "/ro/write.d"} {
		b.expect(script{do("chdir", Workspace+dir), cwd, do("readlink", "/proc/self/cwd")}, "ok", Workspace+dir, "-> "+Workspace+dir)
	}
	b.expect(script{do("chdir", mix), do("chdir", "none.d"), cwd, do("chdir", "../ro/none.d"), cwd}, "ok", "ENOENT", mix, "ENOENT", mix)
	b.expect(script{mkdir(mix + "/a"), do("chdir", mix+"/a"), cwd, two("rename", mix+"/a", mix+"/b"), cwd, put("f", "x"), cat(mix + "/b/f")},
		"ok", "ok", mix+"/a", "ok", mix+"/b", "ok", `"x"`)
	b.expect(script{mkdir(mix + "/gone"), do("chdir", mix+"/gone"), do("rmdir", mix+"/gone"), cwd, put("f", "x"), mkdir("d"), open("f", wronly), do("readdir", ".")},
		"ok", "ok", "ok", "ENOENT", "ENOENT", "ENOENT", "ENOENT", "ENOENT")
	b.expect(script{
		mkdir(mix + "/gone"), do("chdir", mix+"/gone"), do("rmdir", mix+"/gone"), mkdir(mix + "/gone (deleted)"), put("f", "x"), mkdir("d"), do("readdir", mix+"/gone (deleted)"),
		do("chdir", mix+"/gone (deleted)"), put("f", "x"), do("readdir", mix+"/gone (deleted)"),
	},
		"ok", "ok", "ok", "ok", "ENOENT", "ENOENT", "[]", "ok", "ok", "[f]")
	b.expect(script{put(mix+"/gone", "x"), openAs("f", mix+"/gone", rdonly), do("unlink", mix+"/gone"), put("/proc/self/fd/{f}", "y"), do("lstat", mix+"/gone (deleted)"), do("utimens", "/proc/self/fd/{f}").size(1e9)},
		"ok", "ok", "ok", "EROFS", "dir 755", "EROFS")
	b.expect(script{openAs("f", mix+"/write", rdwr), do("unlink", mix+"/write"), on("write", "f").to("kept"), on("read", "f"), on("fstat", "f"), on("ftruncate", "f").size(2), on("fchmod", "f").mode(0o600), on("fstat", "f"), do("lstat", mix+"/write")},
		"ok", "ok", "4", `"kepte\n"`, "file 644 6", "ok", "ok", "file 600 2", "ENOENT")
}

// umask creates everything under several masks, also where the directory's own
// mode has a say.
func (s suite) umask(t *testing.T) {
	b := s.box(t, s.newSource(t), fsguard.Rule{Pattern: "/write", Type: fsguard.Directory, Permission: fsguard.Write})
	for i, mask := range []uint32{0, 0o002, 0o022, 0o027, 0o077, 0o777} {
		dir := fmt.Sprintf("%s/write/%d", Workspace, i)
		show := func(s string, mode uint32) string { return fmt.Sprintf(s, mode&^mask) }
		u := do("umask", "").mode(mask)
		b.expect(script{
			mkdir(dir), u,
			open(dir+"/file", rdwr|unix.O_CREAT), do("lstat", dir+"/file"),
			do("creat", dir+"/creat").mode(0o4755), do("lstat", dir+"/creat"),
			mkdir(dir + "/dir"), do("lstat", dir+"/dir"),
			do("mknod", dir+"/node").mode(unix.S_IFREG | 0o666), do("lstat", dir+"/node"),
			do("mknod", dir+"/fifo").mode(unix.S_IFIFO | 0o666), do("lstat", dir+"/fifo"),
			do("bind", dir+"/socket"), do("lstat", dir+"/socket"),
			do("symlink", dir+"/link").to("x"), do("lstat", dir+"/link"),
			openAs("t", dir, rdwr|unix.O_TMPFILE), on("fstat", "t"),
			do("openat2", dir+"/how").flags(wronly | unix.O_CREAT).mode(0o666), do("lstat", dir+"/how"),
		}, "ok", "ok",
			"ok", show("file %o 0", 0o666),
			"ok", show("file %o 0", 0o4755),
			"ok", show("dir %o", 0o777),
			"ok", show("file %o 0", 0o666),
			"ok", show("fifo %o 0", 0o666),
			"ok", show("socket %o 0", 0o777),
			"ok", "link 777 1",
			"ok", show("file %o 0", 0o666),
			"ok", show("file %o 0", 0o666))
	}
	const dir = Workspace + "/write/setgid"
	b.expect(script{
		mkdir(dir), do("chmod", dir).mode(0o2775), do("umask", "").mode(0o002),
		mkdir(dir + "/sub"), do("lstat", dir+"/sub"), put(dir+"/file", "x"), do("lstat", dir+"/file"),
		do("chmod", dir).mode(0o1777), do("lstat", dir), do("chmod", dir+"/file").mode(0o4711), do("lstat", dir+"/file"),
		put(dir+"/file", "y"), do("lstat", dir+"/file"),
	},
		"ok", "ok", "ok", "ok", "dir 2775", "ok", "file 644 1", "ok", "dir 1777", "ok", "file 4711 1", "ok", "file 711 1")
}

// race keeps exchanging a directory that may be written with a symlink to one
// that may not while it is attacked.
func (s suite) race(t *testing.T) {
	src := s.newSource(t)
	for _, l := range levelNames {
		src.file("/"+l+"/file", l+"\n", 0o644)
		src.mkdir("/" + l + "/sub")
	}
	b := s.box(t, src,
		fsguard.Rule{Pattern: "/view", Type: fsguard.Directory, Permission: fsguard.View},
		fsguard.Rule{Pattern: "/read", Type: fsguard.Directory, Permission: fsguard.Read},
		fsguard.Rule{Pattern: "/write", Type: fsguard.Directory, Permission: fsguard.Write})
	for i, to := range []string{"/workspace/read", "../../read", "/proc/self/root/workspace/view", "/usr/bin"} {
		dir := fmt.Sprintf("/workspace/write/%d", i)
		b.expect(script{
			mkdir(dir), mkdir(dir + "/way"), put(dir+"/way/file", "x"), do("symlink", dir+"/other").to(to),
			do("race", dir+"/way").to(dir + "/other").size(200),
			cat("/workspace/read/file"), do("lstat", "/workspace/view/file"), do("readdir", "/workspace/read"), do("readdir", "/workspace/view"),
		},
			"ok", "ok", "ok", "ok", "ok", `"read\n"`, "file 0 5", "[file sub]", "[file sub]")
	}
	for _, path := range b.changed() {
		if !strings.HasPrefix(path, "/write/") {
			t.Errorf("%s was changed", path)
		}
	}
}
