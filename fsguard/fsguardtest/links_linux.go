// SPDX-License-Identifier: MIT

package fsguardtest

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"
)

// reaching are operations that follow a symlink. @ is the path.
var reaching = []script{
	{do("stat", "@")},
	{cat("@")},
	{open("@", wronly)},
	{open("@", rdwr|unix.O_APPEND)},
	{open("@", acc3)},
	{open("@", wronly|unix.O_CREAT)},
	{open("@", wronly|unix.O_CREAT|unix.O_APPEND)},
	{do("openat2", "@").flags(rdwr)},
	{mayAccess("@", unix.W_OK)},
	{mayAccess("@", unix.R_OK)},
	{do("chmod", "@").mode(0o644)},
	{do("chown", "@").size(-1)},
	{do("utimens", "@").size(1e9)},
	{do("setxattr", "@").name("user.x").to("v")},
	{do("getxattr", "@").name("user.x")},
	{do("removexattr", "@").name("user.x")},
	{do("truncate", "@").size(4)},
	{two("link", "@", "/workspace/mix/a-link").flags(unix.AT_SYMLINK_FOLLOW), do("unlink", "/workspace/mix/a-link")},
	{openAs("f", "@", rdonly), on("read", "f")},
	{openAs("f", "@", unix.O_PATH), do("chmod", "/proc/self/fd/{f}").mode(0o644)},
	{openAs("f", "@", unix.O_PATH), open("/proc/self/fd/{f}", wronly)},
	{openAs("f", "@", unix.O_PATH), do("truncate", "/proc/self/fd/{f}").size(4)},
	{openAs("f", "@", unix.O_PATH), do("setxattr", "/dev/fd/{f}").name("user.y").to("v")},
	{openAs("f", "@", rdonly), open("/proc/self/fd/{f}", rdwr)},
	{openAs("f", "@", rdonly), do("utimens", "/proc/thread-self/fd/{f}").size(1e9)},
	{put("@", "w\n")},
	{do("creat", "@").mode(0o644)},
}

// targets are files of each level, and names that are free.
var targets = []string{
	"/workspace/mix/none", "/workspace/mix/view", "/workspace/mix/read", "/workspace/mix/write",
	"/workspace/ro/none", "/workspace/ro/view", "/workspace/ro/read", "/workspace/ro/write",
	"/workspace/mix/none.free", "/workspace/mix/read.free", "/workspace/ro/free",
	"/usr/bin/env", "/etc/passwd", "/dev/null",
}

// detours lead to a path by a symlink with the given text, made in /mix.
var detours = map[string]func(path string) string{
	"absolute":       func(p string) string { return p },
	"relative":       func(p string) string { return "../.." + p },
	"long way":       func(p string) string { return "../mix/./..//ro/../../" + p[1:] },
	"proc root":      func(p string) string { return "/proc/self/root" + p },
	"proc cwd":       func(p string) string { return "/proc/self/cwd/.." + p },
	"proc thread":    func(p string) string { return "/proc/thread-self/root" + p },
	"above the root": func(p string) string { return "../../../../../../../.." + p },
}

// chains are how many symlinks lead to a path.
var chains = map[string][]int{
	"absolute": {1, 3}, "proc root": {1, 3}, "relative": {1}, "long way": {1}, "proc cwd": {1}, "proc thread": {1}, "above the root": {1},
}

// links makes symlinks in a writable directory, in all ways and to everything:
// each operation by the link comes to what it comes to by the plain path.
func (s suite) links(t *testing.T) {
	src := s.mixedSource(t)
	b := s.box(t, src, mixedRules...)
	var scripts []script
	var plain []int // for each script, the one that takes the plain path
	for _, target := range targets {
		// Once to change whatever these change.
		for _, r := range reaching {
			plain = append(plain, len(scripts))
			scripts = append(scripts, r.substitute(target))
		}
	}
	for _, target := range targets {
		first := len(scripts)
		for _, r := range reaching {
			plain = append(plain, len(scripts))
			scripts = append(scripts, r.substitute(target))
		}
		for name, way := range detours {
			for _, n := range chains[name] {
				made, path := chainTo(way(target), n)
				for j, r := range reaching {
					plain = append(plain, first+j)
					scripts = append(scripts, append(made[:len(made):len(made)], r.substitute(path)...))
				}
			}
		}
	}
	got := b.run(absolute, scripts...)
	for i, g := range got {
		want, skip := got[plain[i]], len(scripts[i])-len(scripts[plain[i]])
		if fmt.Sprint(g[skip:]) != fmt.Sprint(want) {
			t.Errorf("by %s: %v gives %v, the plain path %v", scripts[i][max(0, skip-1)].To, scripts[plain[i]], g[skip:], want)
		}
	}
	for _, path := range b.changed() {
		if path != "/mix/write" && path != "/ro/write" && path != "/mix/l1" && path != "/mix/l2" && path != "/mix/l3" {
			t.Errorf("%s was changed", path)
		}
	}
}

// chainTo makes n symlinks, one leading to the next, and gives the first one's
// path. The second is in /tmp.
func chainTo(text string, n int) (script, string) {
	var made script
	for i := n; i >= 1; i-- {
		link := fmt.Sprintf("/workspace/mix/l%d", i)
		if i == 2 {
			link = "/tmp/l2"
		}
		made = append(made, do("unlink", link), do("symlink", link).to(text))
		text = link
	}
	return made, "/workspace/mix/l1"
}

// through walks through linked directories, loops and descriptors.
func (s suite) through(t *testing.T) {
	src := s.mixedSource(t)
	b := s.box(t, src, mixedRules...)
	const mix = "/workspace/mix/"
	b.expect(script{do("symlink", mix+"self").to("self"), open(mix+"self", wronly), open(mix+"self", wronly|unix.O_CREAT), mkdir(mix + "self/x")},
		"ok", "ELOOP", "ELOOP", "ELOOP")
	b.expect(script{do("symlink", mix+"up").to(".."), put(mix+"up/mix/write", "1"), put(mix+"up/ro/read", "2"), put(mix+"up/mix/up/ro/new", "3"), mkdir(mix + "up/new")},
		"ok", "ok", "EROFS", "EROFS", "EROFS")
	b.expect(script{do("symlink", mix+"hidden").to("none.d"), do("stat", mix+"hidden"), do("stat", mix+"hidden/file"), put(mix+"hidden/file", "x"), mkdir(mix + "hidden/x"), mkdir(mix + "hidden")},
		"ok", "ENOENT", "ENOENT", "ENOENT", "ENOENT", "EEXIST")
	b.expect(script{openAs("d", mix, unix.O_PATH), put("/proc/self/fd/{d}/write", "4"), put("/proc/self/fd/{d}/read", "5"), put("/proc/self/fd/{d}/../ro/new", "6"), mkdir("/proc/self/fd/{d}/made"), do("rmdir", "/dev/fd/{d}/made")},
		"ok", "ok", "EROFS", "EROFS", "ok", "ok")
	b.expect(script{openAs("d", mix, rdonly), put("write", "7").in("d"), put("read", "8").in("d"), put("../ro/new", "9").in("d"), cat("none").in("d"), put("/workspace/ro/new", "x").in("d"), on("fchdir", "d"), put("write", "10"), do("getcwd", "")},
		"ok", "ok", "EROFS", "EROFS", "ENOENT", "EROFS", "ok", "ok", "/workspace/mix")
	b.expect(script{openAs("f", mix+"write", rdwr|unix.O_TRUNC), on("write", "f").to("one"), put("/proc/self/fd/{f}", "two"), open("/proc/self/fd/{f}", wronly|unix.O_APPEND), on("read", "f"), do("readlink", "/proc/self/fd/{f}")},
		"ok", "3", "ok", "ok", `"two"`, "-> /workspace/mix/write")
	b.expect(script{open("/dev/stdout", wronly), open("/dev/stdout", wronly|unix.O_APPEND|unix.O_CREAT), open("/dev/null", rdwr|unix.O_CREAT|unix.O_TRUNC)}, "ok", "ok", "ok")
	b.expect(script{put("/proc/1/root/workspace/mix/read", "x"), put("/proc/1/cwd/mix/read", "x"), put("/proc/self/exe", "x")}, "EACCES", "EACCES", "EROFS|ETXTBSY")

	var chain script
	for i := range 45 {
		chain = append(chain, do("symlink", fmt.Sprintf("%sc%d", mix, i)).to(fmt.Sprintf("c%d", i-1)))
	}
	chain[0].To = "write"
	b.run(absolute, chain)
	b.expect(script{open(mix+"c39", wronly), open(mix+"c40", wronly), mayAccess(mix+"c39", unix.W_OK), mayAccess(mix+"c40", unix.W_OK)}, "ok", "ELOOP", "ok", "ELOOP")
}
