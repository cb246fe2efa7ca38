// SPDX-License-Identifier: MIT

package fsguardtest

import (
	"fmt"
	"hash/fnv"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// posix has each call meet each situation that a path can be in: what is there,
// what is on the way to it, how its name is given. Nobody says what should come
// of it: where everything may be written, a sandbox answers what a bind mount
// does, and leaves the same behind.
func (s suite) posix(t *testing.T) {
	scripts := posixPart(t, posixScripts())
	var outcomes [2][][]result
	for i := range outcomes {
		src := s.newSource(t)
		src.mkdir("/posix")
		var box Box
		if i == 0 {
			box = s.box(t, src, allWritable).box
		} else {
			box = newBare(t, src.dir)
		}
		outcomes[i] = perform(t, box, absolute, scripts)
	}
	failures := 0
	for i, c := range scripts {
		at := c.acts()
		o := c[at]
		if made := outcome(outcomes[1][i][:at]); made != "ok" && made != Workspace {
			t.Fatalf("making what %s %.80q needs: %s", o.Call, o.Path, made)
		}
		got, want := outcomes[0][i], outcomes[1][i]
		if fmt.Sprint(got) == fmt.Sprint(want) {
			continue
		}
		if failures++; failures <= 20 {
			t.Errorf("%s %.80q %.80q (flags %o, mode %o, size %d):\na sandbox says %.600s\na bind mount   %.600s", o.Call, o.Path, o.To, o.Flags, o.Mode, o.Size, got, want)
		}
	}
}

// posixParts is how many kinds of sandboxes share the work.
const posixParts = 4

// posixPart is what one kind of sandbox does of it, by the test's name: all of it
// when there is time, as with make soak.
func posixPart(t *testing.T, all []script) []script {
	if os.Getenv("SANDBOX_ORACLE_TIME") != "" {
		return all
	}
	h := fnv.New32a()
	h.Write([]byte(t.Name()))
	var part []script
	for i := range all {
		if (uint32(i)*2654435761>>16+h.Sum32())%posixParts == 0 {
			part = append(part, all[i])
		}
	}
	return part
}

// mark is an operation that does nothing, before the one that a script is about.
const mark = "getcwd"

// acts is where in a script the operation is that it is about.
func (s script) acts() int {
	for i := range s {
		if s[i].Call == mark {
			return i + 1
		}
	}
	return 0
}

// posixScripts makes, for each operation and path, what the path needs, performs
// the operation and looks at everything.
func posixScripts() []script {
	var scripts []script
	for _, path := range posixPaths() {
		for _, o := range posixOps(path) {
			dir := fmt.Sprintf("%s/posix/%05d", Workspace, len(scripts))
			s := script{mkdir(dir), mkdir("@")}
			s = append(s, posixFixture(string(o.Path+" "+o.To))...)
			s = append(s, do(mark, ""), o, do("tree", "@").plain())
			scripts = append(scripts, s.substitute(dir+"/d"))
		}
	}
	return scripts
}

// posixPaths are the situations. A path of @ is in the script's own directory.
func posixPaths() []string {
	paths := []string{
		"@/new", "@/file", "@/rofile", "@/twin", "@/empty", "@/dir", "@/fifo", "@/sock", "@/link", "@/dirlink", "@/dangling", "@/loop", "@/ping",
		"@/new/", "@/file/", "@/empty/", "@/dir/", "@/link/", "@/dirlink/", "@/dangling/", "@/loop/",
		"@/missing/x", "@/file/x", "@/link/x", "@/dangling/x", "@/loop/x", "@/dir/inner", "@/dirlink/inner", "@/dirlink/new", "@/fifo/x",
		"@/closed", "@/closed/f", "@/closed/new", "@/closed/.", "@/locked/f", "@/locked/new", "@/locked/d", "@/blind/f", "@/blind/new", "@/blind",
		"@/sticky/f", "@/sticky/new", "@/setgid", "@/setgid/new", "@/setuid",
		"@/.", "@/..", "@/dir/.", "@/dir/..", "@/empty/.", "@/new/.", "@/new/..", "@//new", "@/./new", "@/dir/../new", "@/missing/../new",
		"",
		"@/" + strings.Repeat("n", 255), "@/" + strings.Repeat("n", 256), "@/" + strings.Repeat("é", 127) + "x", "@/" + strings.Repeat("é", 128),
		"@/" + strings.Repeat("n", 256) + "/x", "@/file/" + strings.Repeat("n", 256),
	}
	// A path of 4095 bytes is the longest.
	dir := len(Workspace + "/posix/00000/d")
	for _, length := range []int{4094, 4095, 4096, 5000} {
		dots := length - dir - len("/new")
		paths = append(paths, "@"+strings.Repeat("/", dots%2)+strings.Repeat("/.", dots/2)+"/new")
	}
	return paths
}

// posixFixture makes what the paths in need name.
func posixFixture(need string) script {
	var s script
	for _, f := range []struct {
		name string
		make script
	}{
		{"/file", script{put("@/file", "content\n")}},
		{"/rofile", script{put("@/rofile", "content\n"), do("chmod", "@/rofile").mode(0o444)}},
		{"/twin", script{put("@/twin", "content\n"), two("link", "@/twin", "@/twin2")}},
		{"/empty", script{mkdir("@/empty")}},
		{"/dir", script{mkdir("@/dir"), put("@/dir/inner", "inner\n")}},
		{"/fifo", script{do("mknod", "@/fifo").mode(unix.S_IFIFO | 0o644)}},
		{"/sock", script{do("mknod", "@/sock").mode(unix.S_IFSOCK | 0o644)}},
		{"/link", script{put("@/file", "content\n"), do("symlink", "@/link").to("file")}},
		{"/dirlink", script{do("symlink", "@/dirlink").to("dir")}},
		{"/dangling", script{do("symlink", "@/dangling").to("missing")}},
		{"/loop", script{do("symlink", "@/loop").to("loop")}},
		{"/ping", script{do("symlink", "@/ping").to("pong"), do("symlink", "@/pong").to("ping/x")}},
		{"/closed", script{mkdir("@/closed"), put("@/closed/f", "f"), do("chmod", "@/closed").mode(0o600)}},
		{"/locked", script{mkdir("@/locked"), put("@/locked/f", "f"), mkdir("@/locked/d"), do("chmod", "@/locked").mode(0o500)}},
		{"/blind", script{mkdir("@/blind"), put("@/blind/f", "f"), do("chmod", "@/blind").mode(0o300)}},
		{"/sticky", script{mkdir("@/sticky"), put("@/sticky/f", "f"), do("chmod", "@/sticky").mode(0o1777)}},
		{"/setgid", script{mkdir("@/setgid"), do("chmod", "@/setgid").mode(0o2775)}},
		{"/setuid", script{put("@/setuid", "program"), do("chmod", "@/setuid").mode(0o6755)}},
	} {
		if strings.Contains(need, f.name) {
			s = append(s, f.make...)
		}
	}
	return s
}
