// SPDX-License-Identifier: MIT

package fsguard

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// The guard finds out what a path means in two ways. Most paths hold no
// symlink: the path itself, cleaned, is then canonical, and openat2(2) with
// exact proves it in the same step in which the file is opened. Where it fails
// with ELOOP, the path is walked component by component as the process would.
const exact = unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS | unix.RESOLVE_NO_XDEV

const (
	// maxLinks is how many symlinks a path may lead through, as in the kernel.
	maxLinks = 40
	// maxTries is how often a path is resolved anew that changes meanwhile.
	maxTries = 8
)

// place is where a path leads.
type place struct {
	inside bool   // in the workspace
	rel    string // if so: the canonical path beneath it, "" for itself
	end    string // what the path asks of the place by its end: see ending
	// symlink says that a walk found one there, which is not to be followed.
	symlink bool
}

// name is the path beneath the workspace by which the kernel finds of a place
// what it finds of the path that leads there.
func (p place) name() string {
	if p.rel == "" {
		return strings.TrimLeft(p.end, "/")
	}
	return p.rel + p.end
}

// openBeneath opens a canonical path of the workspace on the writable mount, ""
// for the workspace itself.
func (a *Attachment) openBeneath(rel string, flags int, mode uint32) (int, error) {
	if rel == "" {
		// "." would ask for the permission to search it, which its own name does not.
		return unix.Open(self(a.work), flags&^unix.O_NOFOLLOW|unix.O_CLOEXEC, mode)
	}
	how := unix.OpenHow{Flags: uint64(flags | unix.O_CLOEXEC), Mode: uint64(mode), Resolve: exact}
	for try := 0; ; try++ {
		fd, err := unix.Openat2(a.work, rel, &how)
		if (err == unix.EINTR || err == unix.EAGAIN) && try < maxTries {
			continue
		}
		return fd, err
	}
}

// base returns the canonical path from which a relative path is taken.
func (c *call) base(dirfd int) (string, bool) {
	name := "cwd"
	if dirfd != unix.AT_FDCWD {
		name = "fd/" + strconv.Itoa(dirfd)
	}
	return c.readlink(name)
}

// readlink reads one of the magic links that /proc has for the process. It
// gives a canonical path as the process would see it, since the files are in
// its mount namespace.
func (c *call) readlink(name string) (string, bool) {
	c.w.looking.Store(true)
	defer c.w.looking.Store(false)
	var buf [unix.PathMax]byte
	n, err := unix.Readlink(c.proc(name), buf[:])
	if err != nil || n == 0 || n == len(buf) || buf[0] != '/' {
		return "", false
	}
	path := string(buf[:n])
	return path, !strings.HasSuffix(path, removedMark) || c.names(path, name)
}

// removedMark ends the path that /proc has for a file whose name is gone; a
// file may be called that, too.
const removedMark = " (deleted)"

// names reports whether a path is the name of the file behind a magic link.
func (c *call) names(path, link string) bool {
	fd, err := unix.Openat2(c.a.root, strings.TrimLeft(path, "/"), &unix.OpenHow{
		Flags:   unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	var is, want unix.Stat_t
	if unix.Fstat(fd, &is) != nil || unix.Stat(c.proc(link), &want) != nil {
		return false
	}
	return is.Ino == want.Ino && is.Dev == want.Dev
}

// join puts a path onto its base, and reports whether cleaning it by its text
// alone is right, which ".." makes it not.
func join(base, path string) (joined string, plain bool) {
	if !strings.HasPrefix(path, "/") {
		path = base + "/" + path
	}
	if !strings.Contains(path, "//") && !strings.Contains(path, "/.") {
		return path, true
	}
	var out []string
	for _, s := range strings.Split(path, "/") {
		switch s {
		case "", ".":
		case "..":
			return path, false
		default:
			out = append(out, s)
		}
	}
	return "/" + strings.Join(out, "/"), true
}

// ending is the end of a path that its canonical form lacks: a slash asks for a
// directory, and a dot for one that may be searched.
func ending(path string) string {
	bare := strings.TrimRight(path, "/")
	end := ""
	if bare == "." || strings.HasSuffix(bare, "/.") {
		end = "/."
	}
	if bare != path {
		end += "/"
	}
	return end
}

// beneath returns the part of an absolute path that is beneath the workspace.
func (a *Attachment) beneath(path string) (rel string, ok bool) {
	rest, ok := strings.CutPrefix(path, a.door.Target)
	if !ok || (rest != "" && rest[0] != '/') {
		return "", false
	}
	return strings.Trim(rest, "/"), true
}

// candidate returns where a path leads if it holds no symlink. When sure is
// false it must be walked.
func (c *call) candidate(dirfd int, path string) (p place, sure bool, ok bool) {
	base := ""
	if !strings.HasPrefix(path, "/") {
		if base, ok = c.base(dirfd); !ok {
			return place{}, false, false
		}
	}
	joined, plain := join(base, path)
	if !plain {
		return place{}, false, true
	}
	rel, inside := c.a.beneath(joined)
	return place{inside: inside, rel: rel, end: ending(path)}, true, true
}

// locate finds where a path leads, and calls act with the candidate and then,
// for as long as act finds a symlink (ELOOP), with what a walk gives. A path
// that leads out of the workspace, or nowhere, passes.
//
// When two walks in a row end at the same symlink, which is not to be followed, that is
// what act finds, and not a name that changes meanwhile.
func (c *call) locate(dirfd int, path string, follow bool, act func(p place) verdict) verdict {
	p, sure, ok := c.candidate(dirfd, path)
	if !ok {
		return pass
	}
	if sure && p.inside {
		if v := act(p); v.errno != unix.ELOOP {
			return v
		}
	}
	if sure && !p.inside && !c.leadsIn(dirfd, path, follow) {
		return pass
	}
	var last place
	for try := range maxTries {
		if try > 0 && c.over() {
			return pass
		}
		p, errno := c.walk(dirfd, path, follow)
		if errno != 0 || !p.inside {
			return pass
		}
		if v := act(p); v.errno != unix.ELOOP || p.symlink && p == last {
			return v
		}
		last = p
	}
	return fail(unix.ELOOP)
}

// leadsIn reports whether a path outside the workspace may lead into it, which
// takes a symlink.
func (c *call) leadsIn(dirfd int, path string, follow bool) bool {
	base := ""
	if !strings.HasPrefix(path, "/") {
		base, _ = c.base(dirfd)
	}
	joined, _ := join(base, path)
	if joined == "/dev/null" {
		return false // the most common one, and /dev is sealed
	}
	flags := uint64(unix.O_PATH | unix.O_CLOEXEC)
	if !follow {
		flags |= unix.O_NOFOLLOW
	}
	fd, err := unix.Openat2(c.a.root, strings.TrimLeft(joined, "/"), &unix.OpenHow{
		Flags:   flags,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err == nil {
		unix.Close(fd)
	}
	return err == unix.ELOOP
}

// object opens the object that a path names, O_PATH, and calls act with it if
// it is in the workspace and may be written; all else passes.
func (c *call) object(dirfd int, path string, follow bool, act func(fd int) verdict) verdict {
	flags := unix.O_PATH
	if !follow {
		flags |= unix.O_NOFOLLOW
	}
	return c.locate(dirfd, path, follow, func(p place) verdict {
		c.a.moves.RLock()
		defer c.a.moves.RUnlock()
		fd, err := c.a.openBeneath(p.name(), flags, 0)
		if err != nil {
			return c.mayElse(p.rel, err)
		}
		defer unix.Close(fd)
		if !c.may(p.rel) || !c.valid() {
			return pass
		}
		return act(fd)
	})
}

// mayElse is the answer to a path that could not be opened: a symlink must be
// followed first; else the error is the process's own where it may write, and
// the kernel finds it where it may not.
func (c *call) mayElse(rel string, err error) verdict {
	if err == unix.ELOOP || c.may(rel) {
		return result(err)
	}
	return pass
}

// spot is a name in a directory of the workspace.
type spot struct {
	dir  int    // the directory on the writable mount, O_PATH
	name string // as the process gave it, with its trailing slashes
	rel  string // canonical
}

// splitLast parts a path into the directory and the last component, with the
// slashes that trail it. It reports false for the components that are no
// names: the kernel has an error for each.
func splitLast(path string) (dir, name string, ok bool) {
	end := len(path)
	for end > 0 && path[end-1] == '/' {
		end--
	}
	i := strings.LastIndexByte(path[:end], '/') + 1
	switch path[i:end] {
	case "", ".", "..":
		return "", "", false
	}
	return path[:i], path[i:], true
}

// parent opens the directory in which a path's last component is, and calls
// act with the spot if that may be written; all else passes.
func (c *call) parent(dirfd int, path string, act func(e spot) verdict) verdict {
	dir, name, ok := splitLast(path)
	if !ok {
		return pass
	}
	if dir == "" {
		dir = "."
	}
	bare := strings.TrimRight(name, "/")
	return c.locate(dirfd, dir, true, func(p place) verdict {
		fd, err := c.a.openBeneath(p.rel, unix.O_PATH|unix.O_DIRECTORY, 0)
		full := strings.TrimPrefix(p.rel+"/"+bare, "/")
		if err != nil {
			return c.mayElse(full, err)
		}
		defer unix.Close(fd)
		if !c.may(full) || !c.valid() {
			return pass
		}
		return act(spot{fd, name, full})
	})
}

// steady runs act while no directory is being renamed.
func (c *call) steady(act func() verdict) verdict {
	c.a.moves.RLock()
	defer c.a.moves.RUnlock()
	return act()
}
