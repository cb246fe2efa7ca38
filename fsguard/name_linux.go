// SPDX-License-Identifier: MIT

package fsguard

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// The operations on names. Each needs the level write at every name that it
// changes; where it has not, the call passes and the read-only mount refuses it
// with the error that the kernel has for the case.

func opMkdirat(c *call) verdict { return c.mkdir(c.arg(0), 1, uint32(c.n.Data.Args[2])) }

func (c *call) mkdir(dirfd, pathArg int, mode uint32) verdict {
	path, ok := c.pathArg(pathArg)
	if !ok {
		return pass
	}
	return c.steady(func() verdict {
		return c.parent(dirfd, path, func(e spot) verdict {
			c.umask()
			c.a.births.Lock()
			defer c.a.births.Unlock()
			return result(unix.Mkdirat(e.dir, e.name, mode&0o7777))
		})
	})
}

func opMknodat(c *call) verdict { return c.mknod(c.arg(0), 1, uint32(c.n.Data.Args[2])) }

func (c *call) mknod(dirfd, pathArg int, mode uint32) verdict {
	path, ok := c.pathArg(pathArg)
	if !ok {
		return pass
	}
	switch mode & unix.S_IFMT {
	case 0, unix.S_IFREG, unix.S_IFIFO, unix.S_IFSOCK, unix.S_IFCHR, unix.S_IFBLK:
	default:
		return pass
	}
	return c.steady(func() verdict {
		return c.parent(dirfd, path, func(e spot) verdict {
			if device := mode & unix.S_IFMT; device == unix.S_IFCHR || device == unix.S_IFBLK {
				return noDevice(e)
			}
			c.umask()
			return result(unix.Mknodat(e.dir, e.name, mode, 0))
		})
	})
}

// noDevice is the answer to a device: none is ever made in a sandbox.
func noDevice(e spot) verdict {
	var st unix.Stat_t
	switch err := unix.Fstatat(e.dir, trim(e.name), &st, unix.AT_SYMLINK_NOFOLLOW); err {
	case nil:
		return fail(unix.EEXIST)
	case unix.ENOENT:
	default:
		return result(err)
	}
	if strings.HasSuffix(e.name, "/") {
		return fail(unix.ENOENT)
	}
	if errno := accessible(e.dir, unix.W_OK|unix.X_OK); errno != 0 {
		return fail(errno)
	}
	return fail(unix.EPERM)
}

func opSymlinkat(c *call) verdict { return c.symlink(c.arg(1), 2) }

func (c *call) symlink(dirfd, pathArg int) verdict {
	target, ok := c.pathArg(0)
	if !ok || target == "" {
		return pass
	}
	path, ok := c.pathArg(pathArg)
	if !ok {
		return pass
	}
	return c.steady(func() verdict {
		return c.parent(dirfd, path, func(e spot) verdict {
			return result(unix.Symlinkat(target, e.dir, e.name))
		})
	})
}

func opUnlinkat(c *call) verdict {
	flags := c.arg(2)
	if flags&^unix.AT_REMOVEDIR != 0 {
		return pass
	}
	return c.unlink(c.arg(0), 1, flags)
}

func (c *call) unlink(dirfd, pathArg, flags int) verdict {
	path, ok := c.pathArg(pathArg)
	if !ok {
		return pass
	}
	return c.steady(func() verdict {
		return c.parent(dirfd, path, func(e spot) verdict {
			if flags&unix.AT_REMOVEDIR != 0 && c.hides(e.rel) {
				return c.keep(e)
			}
			return result(unix.Unlinkat(e.dir, e.name, flags))
		})
	})
}

// keep is the answer to the removal of a directory that holds something hidden.
func (c *call) keep(e spot) verdict {
	fd, err := unix.Openat(e.dir, trim(e.name), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return pass
	}
	dir := os.NewFile(uintptr(fd), e.rel)
	defer dir.Close()
	if names, _ := dir.Readdirnames(1); len(names) > 0 {
		return fail(unix.ENOTEMPTY)
	}
	return pass // it looks empty and is not
}

// hides reports whether the source holds hidden files at or beneath a path.
func (c *call) hides(rel string) bool {
	return c.a.door.Hidden != nil && c.a.door.Hidden("/"+rel)
}

func opLinkat(c *call) verdict {
	return c.link(c.arg(0), 1, c.arg(2), 3, c.arg(4))
}

// link needs write at both names: a second name for a file that may only be
// read would be a way to write it.
func (c *call) link(oldfd, oldArg, newfd, newArg, flags int) verdict {
	from, ok := c.str(oldArg, unix.PathMax)
	if ok != 0 || flags&^(unix.AT_SYMLINK_FOLLOW|unix.AT_EMPTY_PATH) != 0 {
		return pass
	}
	to, found := c.pathArg(newArg)
	if !found {
		return pass
	}
	follow := flags&unix.AT_SYMLINK_FOLLOW != 0
	if name, ok := c.ownFile(oldfd, from, flags); ok && c.native(name) {
		return c.linkFile(name, newfd, to)
	}
	if from == "" {
		return pass
	}
	return c.steady(func() verdict {
		return c.locate(oldfd, from, follow, func(p place) verdict {
			fd, err := c.a.openBeneath(p.name(), unix.O_PATH|nofollow(follow), 0)
			if err != nil {
				return c.mayElse(p.rel, err)
			}
			unix.Close(fd)
			dir, name, ok := splitLast(p.rel)
			if !ok || !c.may(p.rel) {
				return pass
			}
			old, err := c.a.openBeneath(strings.TrimSuffix(dir, "/"), unix.O_PATH|unix.O_DIRECTORY, 0)
			if err != nil {
				return result(err)
			}
			defer unix.Close(old)
			return unloop(c.parent(newfd, to, func(e spot) verdict {
				return result(unix.Linkat(old, name, e.dir, e.name, 0))
			}))
		})
	})
}

// unloop keeps the error of a second path from being taken for the first one's.
func unloop(v verdict) verdict {
	if v.errno == unix.ELOOP {
		return pass
	}
	return v
}

func nofollow(follow bool) int {
	if follow {
		return 0
	}
	return unix.O_NOFOLLOW
}

// ownFile names, in /proc, the descriptor of the process that a link is made
// of: how a file without a name (O_TMPFILE) gets one.
func (c *call) ownFile(dirfd int, path string, flags int) (string, bool) {
	if path == "" && flags&unix.AT_EMPTY_PATH != 0 && dirfd >= 0 {
		return "fd/" + strconv.Itoa(dirfd), true
	}
	if flags&unix.AT_SYMLINK_FOLLOW == 0 {
		return "", false
	}
	rest, ok := strings.CutPrefix(path, "/proc/self/fd/")
	if !ok {
		return "", false
	}
	_, err := strconv.ParseUint(rest, 10, 31)
	return "fd/" + rest, err == nil
}

// linkFile names a file that the guard opened for the process. One that has a
// name already must be writable there, as any file that is linked.
func (c *call) linkFile(name string, newfd int, to string) verdict {
	fd, err := c.openProc(name)
	if err != nil {
		return pass
	}
	defer unix.Close(fd)
	if id, err := mountID(fd); err != nil || id != c.a.workID {
		return pass
	}
	return c.steady(func() verdict {
		return c.parent(newfd, to, func(e spot) verdict {
			return result(unix.Linkat(unix.AT_FDCWD, "/proc/self/fd/"+strconv.Itoa(fd), e.dir, e.name, unix.AT_SYMLINK_FOLLOW))
		})
	})
}
