// SPDX-License-Identifier: MIT

package fsguardtest

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/fsguard"
)

// mixedRules give names a level by how they begin, wherever they are; all else
// in /mix may be written, and all else in /ro be read.
var mixedRules = []fsguard.Rule{
	{Pattern: "/**/{none*,none*/**}", Permission: fsguard.None, Priority: 10},
	{Pattern: "/**/{view*,view*/**}", Permission: fsguard.View, Priority: 10},
	{Pattern: "/**/{read*,read*/**}", Permission: fsguard.Read, Priority: 10},
	{Pattern: "/**/{write*,write*/**}", Permission: fsguard.Write, Priority: 10},
	{Pattern: "/mix/locked/keep", Type: fsguard.File, Permission: fsguard.Read, Priority: 10},
	{Pattern: "/through/deep/seen", Type: fsguard.File, Permission: fsguard.Read, Priority: 10},
	{Pattern: "/mix", Type: fsguard.Directory, Permission: fsguard.Write},
	{Pattern: "/ro", Type: fsguard.Directory, Permission: fsguard.Read},
	{Pattern: "/listed", Type: fsguard.Directory, Permission: fsguard.View},
}

// mixedSource is a tree with files of all levels in one directory.
func (s suite) mixedSource(t *testing.T) source {
	src := s.newSource(t)
	for _, dir := range []string{"/mix", "/ro", "/listed"} {
		for _, l := range levelNames {
			src.file(dir+"/"+l, l+"\n", 0o644)
			src.file(dir+"/"+l+".exe", "#!/bin/sh\nexit 7\n", 0o755)
			src.file(dir+"/"+l+".d/file", l+"\n", 0o644)
		}
	}
	src.file("/mix/holds-hidden/none", "secret\n", 0o644)
	src.file("/mix/holds-deep/a/b/none", "secret\n", 0o644)
	src.file("/mix/holds-read/read", "keep\n", 0o644)
	src.file("/mix/emptied/file", "x\n", 0o644)
	src.file("/through/deep/seen", "seen\n", 0o644)
	src.file("/through/deep/unseen", "secret\n", 0o644)
	src.file("/through/other/unseen", "secret\n", 0o644)
	return src
}

func noReplace(from, to string) op {
	return two("renameat2", from, to).flags(unix.RENAME_NOREPLACE)
}

func exchange(from, to string) op {
	return two("renameat2", from, to).flags(unix.RENAME_EXCHANGE)
}

// mixedTable is what holds where levels meet. M, R, L and T are the
// directories of the tree. Each script begins with the tree as it was but for
// what those before it did, which they say.
var mixedTable = []struct {
	name   string
	want   string
	script script
}{
	{"a listing holds what is visible", "[emptied holds-deep holds-hidden holds-read read read.d read.exe view view.d view.exe write write.d write.exe]", script{do("readdir", "M")}},
	{"a hidden directory with something visible is the way to it", "[deep]", script{do("readdir", "T")}},
	{"it lists nothing else", "[seen]", script{do("readdir", "T/deep")}},
	{"what it leads to is read", `"seen\n"`, script{cat("T/deep/seen")}},
	{"it cannot be written", "EROFS", script{put("T/new", "x")}},
	{"it cannot be removed", "EROFS", script{do("rmdir", "T/deep")}},
	{"it cannot be moved", "EROFS", script{two("rename", "T/deep", "M/deep")}},
	{"it can be entered", "/workspace/through/deep", script{do("chdir", "T/deep"), do("getcwd", "")}},
	{"a hidden directory cannot be entered", "ENOENT", script{do("chdir", "M/none.d")}},
	{"nor by ..", "ENOENT", script{do("chdir", "M/none.d/..")}},
	{"nothing hidden is executed", "ENOENT", script{do("exec", "M/none.exe")}},
	{"nothing listed is executed", "EACCES", script{do("exec", "M/view.exe")}},
	{"what is read is executed", "exit 7", script{do("exec", "M/read.exe")}},

	{"a readable file is not written", "EROFS", script{open("M/read", wronly)}},
	{"nor emptied", "EROFS", script{put("M/read", "x")}},
	{"nor removed", "EROFS", script{do("unlink", "M/read")}},
	{"nor moved", "EROFS", script{two("rename", "M/read", "M/new")}},
	{"nor replaced", "EROFS", script{two("rename", "M/write", "M/read")}},
	{"nor exchanged", "EROFS", script{exchange("M/write", "M/read")}},
	{"nor exchanged the other way", "EROFS", script{exchange("M/read", "M/write")}},
	{"nor given a second name", "EROFS", script{two("link", "M/read", "M/new")}},
	{"nor given one by its descriptor", "EROFS", script{openAs("f", "M/read", rdonly), two("link", "/proc/self/fd/{f}", "M/new").flags(unix.AT_SYMLINK_FOLLOW)}},
	{"nor changed by its descriptor", "EROFS", script{openAs("f", "M/read", rdonly), on("fchmod", "f").mode(0o600)}},
	{"its name is not taken by a link", "EEXIST", script{two("link", "M/write", "M/read")}},
	{"a listed file is not removed", "EROFS", script{do("unlink", "M/view")}},
	{"nor moved", "EROFS", script{two("rename", "M/view", "M/new")}},
	{"nor replaced", "EROFS", script{two("rename", "M/write", "M/view")}},
	{"nor given a second name", "EROFS", script{two("link", "M/view", "M/new")}},
	{"nor opened up", "EROFS", script{do("chmod", "M/view").mode(0o644)}},
	{"a link to it opens nothing", "EACCES", script{two("symlink", "M/new-link", "view"), cat("M/new-link")}},

	{"a writable file in a readable directory is written", `"x"`, script{put("R/write", "x"), cat("R/write")}},
	{"and moved out", `"x"`, script{two("rename", "R/write", "M/out"), cat("M/out")}},
	{"and made again", "ok", script{put("R/write", "y")}},
	{"and moved back in", `"x"`, script{two("rename", "M/out", "R/write"), cat("R/write")}},
	{"and linked out", `"x"`, script{two("link", "R/write", "M/linked"), cat("M/linked")}},
	{"and removed", "ok", script{do("unlink", "R/write")}},
	{"beside it nothing is made", "EROFS", script{put("R/new", "x")}},
	{"nor moved in", "EROFS", script{two("rename", "M/linked", "R/new")}},
	{"nor linked in", "EROFS", script{two("link", "M/linked", "R/new")}},
	{"a writable name in a listed directory", `"x"`, script{put("L/write", "x"), cat("L/write")}},
	{"a readable file in a listed directory", `"read\n"`, script{cat("L/read")}},
	{"beside it nothing is made", "EROFS", script{put("L/new", "x")}},

	{"a directory that looks empty", "[]", script{do("readdir", "M/holds-hidden")}},
	{"and is not, stays", "EROFS", script{do("rmdir", "M/holds-hidden")}},
	{"also where it is not merged", "EXDEV", script{two("rename", "M/holds-hidden", "M/new")}},
	{"nothing takes its place", "EXDEV", script{mkdir("M/fresh"), two("rename", "M/fresh", "M/holds-hidden")}},
	{"nor changes places with it", "EXDEV", script{exchange("M/fresh", "M/holds-hidden")}},
	{"a deeper one is not empty", "ENOTEMPTY", script{do("rmdir", "M/holds-deep")}},
	{"its own deepest stays", "EROFS", script{do("rmdir", "M/holds-deep/a/b")}},
	{"a directory with a readable file is not moved", "EXDEV", script{two("rename", "M/holds-read", "M/new")}},
	{"nor removed", "ENOTEMPTY", script{do("rmdir", "M/holds-read")}},
	{"what was emptied is removed", "ok", script{do("unlink", "M/emptied/file"), do("rmdir", "M/emptied")}},
	{"and its name used again", "[]", script{mkdir("M/emptied"), do("readdir", "M/emptied")}},

	{"a directory moves where all it holds may be written", `"k"`, script{mkdir("M/box"), put("M/box/keep", "k"), two("rename", "M/box", "M/box2"), cat("M/box2/keep")}},
	{"and not where a name it holds may not", "EXDEV", script{two("rename", "M/box2", "M/locked")}},
	{"nor by exchange", "EXDEV", script{mkdir("M/locked"), exchange("M/box2", "M/locked")}},
	{"nor under a name that may not", "EROFS", script{two("rename", "M/box2", "M/read.new")}},
	{"nor into a readable directory", "EROFS", script{two("rename", "M/box2", "R/box")}},
	{"nor over what is hidden", "EROFS", script{two("rename", "M/box2", "M/none.d")}},
	{"a locked name cannot be made there", "EROFS", script{put("M/locked/keep", "x")}},
	{"noreplace sees nothing hidden", "EROFS", script{noReplace("M/write", "M/none")}},
	{"a name that begins with .wh. is a name", `"x"`, script{put("M/.wh.read", "x"), cat("M/.wh.read")}},
	{"and hides nothing", `"read\n"`, script{cat("M/read")}},
	{"not even as a directory's", "[.wh..wh..opq f]", script{mkdir("M/o"), put("M/o/f", "x"), put("M/o/.wh..wh..opq", ""), do("readdir", "M/o")}},
}

func (s suite) mixed(t *testing.T) {
	b := s.box(t, s.mixedSource(t), mixedRules...)
	var scripts []script
	for _, c := range mixedTable {
		scripts = append(scripts, c.script.inMixed())
	}
	for i, got := range b.run(absolute, scripts...) {
		if outcome(got) != mixedTable[i].want {
			t.Errorf("%s: %s, want %s (%v)", mixedTable[i].name, outcome(got), mixedTable[i].want, mixedTable[i].script)
		}
	}
	allowed := []string{
		"/mix/.wh.read", "/mix/box2", "/mix/box2/keep", "/mix/emptied", "/mix/emptied/file", "/mix/fresh", "/mix/linked",
		"/mix/locked", "/mix/new-link", "/mix/o", "/mix/o/.wh..wh..opq", "/mix/o/f", "/ro/write", "/listed/write",
	}
	for _, path := range b.changed() {
		if !slices.Contains(allowed, path) {
			t.Errorf("%s was changed", path)
		}
	}
}

// inMixed puts the directories for the letters that stand for them.
func (s script) inMixed() script {
	out := slices.Clone(s)
	for i := range out {
		out[i].Path, out[i].To = mixedPath(out[i].Path), mixedPath(out[i].To)
	}
	return out
}

func mixedPath(p text) text {
	for letter, dir := range map[text]text{"M": "/mix", "R": "/ro", "L": "/listed", "T": "/through"} {
		if p == letter || len(p) > 1 && p[:2] == letter+"/" {
			return Workspace + dir + p[1:]
		}
	}
	return p
}
