// SPDX-License-Identifier: MIT

package fsguard

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// resolver is a call in a sandbox whose root is dir and whose workspace is its /w. The
// process waits as long as waits says so.
func resolver(t *testing.T, dir string, waits func() bool) *call {
	t.Helper()
	c := mover(t, waits)
	c.w = &worker{}
	c.a.root, c.a.door.Target = openDir(t, dir), "/w"
	return c
}

// link makes symlinks, by their names.
func link(t *testing.T, dir string, links map[string]string) {
	t.Helper()
	for name, target := range links {
		if err := os.Symlink(target, dir+"/"+name); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWalk resolves paths of all kinds, and leaves nothing open.
func TestWalk(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(root+"/w/a/b/c", 0o700); err != nil {
		t.Fatal(err)
	}
	crowd(t, root+"/w/a/b/c", 1) // a file 0
	link(t, root+"/w", map[string]string{
		"up": "a/b/..", "abs": "/w/a", "out": "/", "dot": "a/./b/.", "loop": "loop", "gone": "a/none", "file": "a/b/c/0", "slash": "a/b/",
	})
	link(t, root+"/w/a/b", map[string]string{"far": "../../abs/b/c/../../b", "back": "../.."})
	c := resolver(t, root, always)
	before := openFiles(t)
	for path, want := range map[string]struct {
		place
		errno unix.Errno
	}{
		"/w":                      {place: place{inside: true}},
		"/w/a/b/c/0":              {place: place{inside: true, rel: "a/b/c/0"}},
		"/w/a/b/../b/c/../../b/c": {place: place{inside: true, rel: "a/b/c"}},
		"/w/up/b":                 {place: place{inside: true, rel: "a/b"}},
		"/w/abs/b/far/c":          {place: place{inside: true, rel: "a/b/c"}},
		"/w/a/b/back/dot/c":       {place: place{inside: true, rel: "a/b/c"}},
		"/w/out/w/out/w/up/none":  {place: place{inside: true, rel: "a/none"}},
		"/w/gone":                 {place: place{inside: true, rel: "a/none"}},
		"/w/slash":                {place: place{inside: true, rel: "a/b", end: "/"}},
		"/../w/./a":               {place: place{inside: true, rel: "a"}},
		"/w/..":                   {},
		"/w/out":                  {place: place{end: "/"}},
		"/w/loop":                 {errno: unix.ELOOP},
		"/w/gone/x":               {errno: unix.ENOENT},
		"/w/file/x":               {errno: unix.ENOTDIR},
		"/w/file/.":               {errno: unix.ENOTDIR},
		"/w/file/..":              {errno: unix.ENOTDIR},
		"/w/none/..":              {errno: unix.ENOENT},
		"/w/" + strings.Repeat("a/../", 700) + "a": {place: place{inside: true, rel: "a"}},
	} {
		p, errno := c.walk(unix.AT_FDCWD, path, true)
		if p != want.place || errno != want.errno {
			t.Errorf("%.40s: %+v, %v; want %+v, %v", path, p, errno, want.place, want.errno)
		}
	}
	if p, errno := c.walk(unix.AT_FDCWD, "/w/up", false); p != (place{inside: true, rel: "up", symlink: true}) || errno != 0 {
		t.Errorf("a symlink itself: %+v, %v", p, errno)
	}
	if after := openFiles(t); after != before {
		t.Errorf("%d files were open, and %d are", before, after)
	}
}

// TestWalkToLongPaths goes by symlinks to where no path leads in one.
func TestWalkToLongPaths(t *testing.T) {
	root := t.TempDir()
	long := strings.Repeat("n", 200)
	nest(t, root, "w", 1)
	nest(t, root+"/w", long, 25)
	for part, links := strings.Repeat("/"+long, 5), 0; links < 4; links++ {
		link(t, root+"/w"+strings.Repeat(part, links), map[string]string{"next": "." + part})
	}
	c := resolver(t, root, always)
	if p, errno := c.walk(unix.AT_FDCWD, "/w/next/next/next/next", true); len(p.rel) != 20*201-1 || errno != 0 {
		t.Errorf("a path of %d bytes, %v", len(p.rel), errno)
	}
	if _, errno := c.walk(unix.AT_FDCWD, "/w/next/next/next/next/"+long, true); errno != unix.ENAMETOOLONG {
		t.Errorf("beyond PATH_MAX: %v", errno)
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// roundabout makes symlinks, each of which leads through hundreds of directories to the
// next one, and returns the path of the first.
func roundabout(t *testing.T, root string) string {
	t.Helper()
	if err := os.MkdirAll(root+"/w/d", 0o700); err != nil {
		t.Fatal(err)
	}
	links := map[string]string{}
	for i := range maxLinks - 1 {
		links[strconv.Itoa(i)] = strings.Repeat("d/../", 400) + strconv.Itoa(i+1)
	}
	link(t, root+"/w", links)
	return "/w/0"
}

// TestWalkEnds has a long walk go on when nobody needs it any more.
func TestWalkEnds(t *testing.T) {
	root := t.TempDir()
	path := roundabout(t, root)
	asked := 0
	c := resolver(t, root, func() bool { asked++; return asked < 3 })
	if _, errno := c.walk(unix.AT_FDCWD, path, true); errno != unix.EINTR || asked != 3 {
		t.Errorf("when the process is gone: %v, having asked %d times", errno, asked)
	}
	c = resolver(t, root, always)
	if p, errno := c.walk(unix.AT_FDCWD, path, true); p.rel != strconv.Itoa(maxLinks-1) || errno != 0 {
		t.Errorf("when it waits: %+v, %v", p, errno)
	}
	c.a.closed.Store(true)
	if _, errno := c.walk(unix.AT_FDCWD, path, true); errno != unix.EINTR {
		t.Errorf("when the sandbox is closed: %v", errno)
	}
	if _, err := c.a.hostPlace(path[len("/w"):]); !errors.Is(err, ErrGuardClosed) {
		t.Errorf("the owner's, when it is closed: %v", err)
	}
}

// TestTries counts how often a path is tried at which there is a symlink each time.
func TestTries(t *testing.T) {
	root := t.TempDir()
	roundabout(t, root)
	for name, test := range map[string]struct {
		path   string
		follow bool
		waits  func() bool
		want   int
	}{
		"a symlink that is not followed": {"/w/0", false, always, 1 + 2},
		"something that changes":         {"/w/d", false, always, 1 + maxTries},
		"the same, when it is followed":  {"/w/d", true, always, 1 + maxTries},
		"when the process is gone":       {"/w/d", true, func() bool { return false }, 1 + 1},
	} {
		t.Run(name, func(t *testing.T) {
			c := resolver(t, root, test.waits)
			tries := 0
			c.locate(unix.AT_FDCWD, test.path, test.follow, func(place) verdict {
				tries++
				return fail(unix.ELOOP)
			})
			if tries != test.want {
				t.Errorf("tried %d times, want %d", tries, test.want)
			}
		})
	}
}
