// SPDX-License-Identifier: MIT

package fsguard

import (
	"encoding/binary"
	"strings"

	"golang.org/x/sys/unix"
)

// openFlags are those of open(2) that the kernel knows; openat2(2) refuses others.
const openFlags = unix.O_ACCMODE | unix.O_CREAT | unix.O_EXCL | unix.O_NOCTTY | unix.O_TRUNC | unix.O_APPEND |
	unix.O_NONBLOCK | unix.O_DSYNC | unix.O_SYNC | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_TMPFILE |
	unix.O_NOATIME | unix.O_DIRECT | unix.O_ASYNC | unix.O_CLOEXEC | unix.O_PATH

// changing are the flags with which an open changes something.
const changing = unix.O_WRONLY | unix.O_RDWR | unix.O_CREAT | unix.O_TRUNC

// openHowSize is the size of the first version of struct open_how.
const openHowSize = 24

// resolveCached is RESOLVE_CACHED: answer from the cache or with EAGAIN.
const resolveCached = 0x20

func opOpenat(c *call) verdict {
	return c.open(c.arg(0), 1, c.arg(2), uint32(c.n.Data.Args[3]))
}

// open opens a file for writing on behalf of the process, and hands it over.
func (c *call) open(dirfd, pathArg, flags int, mode uint32) verdict {
	path, ok := c.pathArg(pathArg)
	if !ok || path == "" || flags&unix.O_PATH != 0 {
		return pass
	}
	return c.locate(dirfd, path, follows(flags), func(p place) verdict {
		return c.openAt(p, flags, mode)
	})
}

// follows reports whether an open follows a symlink as the last component.
func follows(flags int) bool {
	return flags&unix.O_NOFOLLOW == 0 && flags&(unix.O_CREAT|unix.O_EXCL) != unix.O_CREAT|unix.O_EXCL
}

// creates reports whether an open takes a mode.
func creates(flags int) bool {
	return flags&unix.O_CREAT != 0 || flags&unix.O_TMPFILE == unix.O_TMPFILE
}

// openAt opens the place that a path leads to.
func (c *call) openAt(p place, flags int, mode uint32) verdict {
	if !c.may(p.rel) {
		return c.refuse(p.name(), flags)
	}
	flags &= openFlags
	// An open that changes nothing by itself cannot be handed to the wrong process.
	if (creates(flags) || flags&unix.O_TRUNC != 0) && !c.valid() {
		return pass
	}
	if creates(flags) {
		c.umask()
	} else {
		mode = 0
	}
	switch err := c.install(p.name(), flags, mode&0o7777); err {
	case nil:
		return verdict{done: true}
	case unix.ENXIO:
		return pass
	default:
		return result(err)
	}
}

// refuse answers an open that the rules do not allow: the read-only mount
// refuses it, unless it is about a symlink, which must be followed first.
func (c *call) refuse(rel string, flags int) verdict {
	look := unix.O_PATH
	if !follows(flags) {
		look |= unix.O_NOFOLLOW
	}
	fd, err := c.a.openBeneath(rel, look, 0)
	if err == nil {
		unix.Close(fd)
		return pass
	}
	if err == unix.ELOOP {
		return fail(unix.ELOOP)
	}
	return pass
}

// opOpenat2 serves openat2(2), whose flags the filter cannot see. An open that
// changes nothing passes: whatever is made of the structure meanwhile, the
// read-only mount refuses a change.
func opOpenat2(c *call) verdict {
	raw, ok := c.memory(c.n.Data.Args[2], int(min(c.n.Data.Args[3], 4096)))
	if !ok || len(raw) < openHowSize || strings.Trim(string(raw[openHowSize:]), "\x00") != "" {
		return pass // too small, or with a field that nobody knows
	}
	flags := binary.NativeEndian.Uint64(raw)
	mode := binary.NativeEndian.Uint64(raw[8:])
	resolve := binary.NativeEndian.Uint64(raw[16:])
	path, ok := c.pathArg(1)
	if !ok || path == "" || flags&changing == 0 || flags&^openFlags != 0 || flags&unix.O_PATH != 0 || mode&^0o7777 != 0 {
		return pass
	}
	if mode != 0 && !creates(int(flags)) {
		return pass
	}
	if resolve == 0 {
		return c.open(c.arg(0), 1, int(flags), uint32(mode))
	}
	return c.openScoped(c.arg(0), path, int(flags), uint32(mode), resolve)
}

// openScoped opens with one of openat2's restrictions on the way to the file.
func (c *call) openScoped(dirfd int, path string, flags int, mode uint32, resolve uint64) verdict {
	const known = unix.RESOLVE_BENEATH | unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_SYMLINKS |
		unix.RESOLVE_NO_MAGICLINKS | unix.RESOLVE_NO_XDEV | resolveCached
	if resolve&^known != 0 {
		return pass
	}
	if resolve&resolveCached != 0 {
		return fail(unix.EAGAIN)
	}
	base, ok := c.base(dirfd)
	if !ok {
		return pass
	}
	if _, in := c.a.beneath(base); !in && resolve&unix.RESOLVE_NO_XDEV != 0 {
		return pass
	}
	var last place
	for try := range maxTries {
		if try > 0 && c.over() {
			return pass
		}
		w := walker{c: c, a: c.a, at: strings.TrimRight(base, "/"), scoped: resolve & (unix.RESOLVE_BENEATH | unix.RESOLVE_IN_ROOT)}
		w.floor = w.at
		if strings.HasPrefix(path, "/") {
			switch w.scoped {
			case unix.RESOLVE_BENEATH:
				return pass
			case 0:
				w.at = ""
			}
		}
		if resolve&unix.RESOLVE_NO_SYMLINKS != 0 {
			w.links = maxLinks
		}
		p, errno := w.run(path, follows(flags))
		if errno == unix.ELOOP {
			return fail(errno)
		}
		if errno != 0 || !p.inside {
			return pass
		}
		if v := c.openAt(p, flags, mode); v.errno != unix.ELOOP || p.symlink && p == last {
			return v // see locate
		}
		last = p
	}
	return fail(unix.ELOOP)
}

// opTruncate serves truncate(2), by the same: no descriptor is open for writing,
// which a child that is forked meanwhile would have, and which would keep the
// file from being executed.
func opTruncate(c *call) verdict {
	path, ok := c.pathArg(0)
	if !ok || path == "" || int64(c.n.Data.Args[1]) < 0 {
		return pass
	}
	return c.object(unix.AT_FDCWD, path, true, func(fd int) verdict {
		return result(unix.Truncate(self(fd), int64(c.n.Data.Args[1])))
	})
}
