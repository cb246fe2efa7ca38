// SPDX-License-Identifier: MIT

package fsguard

import (
	"encoding/binary"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// The operations on attributes.

const (
	maxXattrName  = 255
	maxXattrValue = 64 << 10
)

// atFlags are those of the *at family that say which object is meant.
const atFlags = unix.AT_SYMLINK_NOFOLLOW | unix.AT_EMPTY_PATH

// at finds the object of a call with the flags of the *at family.
func (c *call) at(dirfd, pathArg, flags int, act func(fd int) verdict) verdict {
	path, errno := c.str(pathArg, unix.PathMax)
	if errno != 0 || flags&^atFlags != 0 {
		return pass
	}
	if path == "" {
		if flags&unix.AT_EMPTY_PATH == 0 {
			return pass
		}
		return c.file(dirfd, act)
	}
	return c.object(dirfd, path, flags&unix.AT_SYMLINK_NOFOLLOW == 0, act)
}

// file finds the object of a descriptor. One that the guard opened is on the
// writable mount, where the kernel does what is asked; one that the process
// opened for reading is not, and is found by its path, if it is still there.
func (c *call) file(fd int, act func(fd int) verdict) verdict {
	name := "fd/" + strconv.Itoa(fd)
	if fd == unix.AT_FDCWD {
		name = "cwd"
	}
	var have unix.Statx_t
	const mask = unix.STATX_INO | unix.STATX_MNT_ID
	if err := c.statProc(name, mask, &have); err != nil || have.Mnt_id == c.a.workID {
		return pass
	}
	path, ok := c.readlink(name)
	if !ok {
		return pass
	}
	rel, inside := c.a.beneath(path)
	if !inside || !c.may(rel) {
		return pass
	}
	c.a.moves.RLock()
	defer c.a.moves.RUnlock()
	found, err := c.a.openBeneath(rel, unix.O_PATH|unix.O_NOFOLLOW, 0)
	if err != nil {
		return pass
	}
	defer unix.Close(found)
	var is unix.Statx_t
	if err := unix.Statx(found, "", unix.AT_EMPTY_PATH, unix.STATX_INO, &is); err != nil {
		return pass
	}
	if is.Ino != have.Ino || is.Dev_major != have.Dev_major || is.Dev_minor != have.Dev_minor || !c.valid() {
		return pass // another file has that name now
	}
	return act(found)
}

// opened is file for the calls that want more than an O_PATH descriptor.
func (c *call) opened(fd int, act func(fd int) verdict) verdict {
	return c.file(fd, func(found int) verdict {
		if c.pathOnly(fd) {
			return fail(unix.EBADF)
		}
		return act(found)
	})
}

// self is the path of one of the guard's own descriptors, for the calls that take no other.
func self(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

func opFchown(c *call) verdict {
	return c.opened(c.arg(0), func(fd int) verdict { return c.chown(fd, 1) })
}

func opFchownat(c *call) verdict {
	return c.at(c.arg(0), 1, c.arg(4), func(fd int) verdict { return c.chown(fd, 2) })
}

// chown translates the numbers: the process means those of its user namespace.
func (c *call) chown(fd, arg int) verdict {
	uid, ok := hostID(c.a.door.HostUID, c.arg(arg))
	if !ok {
		return fail(unix.EINVAL)
	}
	gid, ok := hostID(c.a.door.HostGID, c.arg(arg+1))
	if !ok {
		return fail(unix.EINVAL)
	}
	return result(unix.Fchownat(fd, "", uid, gid, unix.AT_EMPTY_PATH))
}

func hostID(translate func(int) (int, bool), id int) (int, bool) {
	if id == -1 || translate == nil {
		return id, true
	}
	return translate(id)
}

func opUtimensat(c *call) verdict {
	// The times are read for what is not native alone.
	act := func(fd int) verdict {
		times, ok := c.times(c.n.Data.Args[2])
		if !ok {
			return fail(unix.EFAULT)
		}
		if !c.valid() {
			return pass
		}
		return result(setTimes(fd, times))
	}
	if c.n.Data.Args[1] == 0 {
		return c.opened(c.arg(0), act)
	}
	return c.at(c.arg(0), 1, c.arg(3), act)
}

// times reads two struct timespec; there are none at 0.
func (c *call) times(addr uint64) (*[2]unix.Timespec, bool) {
	if addr == 0 {
		return nil, true
	}
	raw, ok := c.memory(addr, 32)
	if !ok {
		return nil, false
	}
	times := new([2]unix.Timespec)
	for i := range times {
		times[i].Sec = int64(binary.NativeEndian.Uint64(raw[16*i:]))
		times[i].Nsec = int64(binary.NativeEndian.Uint64(raw[16*i+8:]))
	}
	return times, true
}

func opFsetxattr(c *call) verdict {
	if !c.settable() {
		return pass
	}
	return c.opened(c.arg(0), c.setXattr)
}

func opFremovexattr(c *call) verdict {
	if !c.named() {
		return pass
	}
	return c.opened(c.arg(0), c.removeXattr)
}

// opSetxattr and the three after it serve the calls that take a path.
func opSetxattr(c *call) verdict     { return c.setXattrAt(0) }
func opLsetxattr(c *call) verdict    { return c.setXattrAt(unix.AT_SYMLINK_NOFOLLOW) }
func opRemovexattr(c *call) verdict  { return c.removeXattrAt(0) }
func opLremovexattr(c *call) verdict { return c.removeXattrAt(unix.AT_SYMLINK_NOFOLLOW) }

func (c *call) setXattrAt(flags int) verdict {
	if !c.settable() {
		return pass
	}
	return c.at(unix.AT_FDCWD, 0, flags, c.setXattr)
}

func (c *call) removeXattrAt(flags int) verdict {
	if !c.named() {
		return pass
	}
	return c.at(unix.AT_FDCWD, 0, flags, c.removeXattr)
}

// named reports whether the name of an attribute is one, and settable whether all
// that a call says of an attribute is right. Where it is not, the call passes: the
// kernel says so before it looks for the file.
func (c *call) named() bool {
	name, errno := c.str(1, maxXattrName+1)
	return errno == 0 && name != ""
}

func (c *call) settable() bool {
	return c.arg(4)&^(unix.XATTR_CREATE|unix.XATTR_REPLACE) == 0 && c.n.Data.Args[3] <= maxXattrValue && c.named()
}

func (c *call) setXattr(fd int) verdict {
	name, v, ok := c.xattrName(fd)
	if !ok {
		return v
	}
	size := c.n.Data.Args[3]
	if size > maxXattrValue {
		return fail(unix.E2BIG)
	}
	var value []byte
	if size > 0 {
		if value, ok = c.memory(c.n.Data.Args[2], int(size)); !ok {
			return fail(unix.EFAULT)
		}
	}
	if !c.valid() {
		return pass
	}
	return result(unix.Setxattr(self(fd), name, value, c.arg(4)))
}

func (c *call) removeXattr(fd int) verdict {
	name, v, ok := c.xattrName(fd)
	if !ok {
		return v
	}
	if !c.valid() {
		return pass
	}
	return result(unix.Removexattr(self(fd), name))
}

// xattrName reads the name of an extended attribute. Those of the user alone
// may be changed: the others give privileges, or speak of users by numbers
// that mean others outside.
func (c *call) xattrName(fd int) (string, verdict, bool) {
	name, errno := c.str(1, maxXattrName+1)
	if errno != 0 {
		return "", fail(errno), false
	}
	switch {
	case strings.HasPrefix(name, "user.overlay."), strings.HasPrefix(name, "system."):
		return "", fail(unix.EOPNOTSUPP), false
	case strings.HasPrefix(name, "user."):
		return name, verdict{}, true
	case strings.HasPrefix(name, "trusted."), strings.HasPrefix(name, "security."):
		return "", fail(unix.EPERM), false
	}
	// Whether the file may be written is asked before what the name means.
	if errno := accessible(fd, unix.W_OK); errno != 0 {
		return "", fail(errno), false
	}
	return "", fail(unix.EOPNOTSUPP), false
}

func opFaccessat(c *call) verdict { return c.access(c.arg(0), 1, c.arg(2), 0) }

func opFaccessat2(c *call) verdict { return c.access(c.arg(0), 1, c.arg(2), c.arg(3)) }

// access answers for a path that may be written: the cover would say that the
// file system is read-only. The guard is the process's user, so that the
// kernel checks its permissions; whatever identity the process asks about, it
// has but the one.
func (c *call) access(dirfd, pathArg, mode, flags int) verdict {
	return c.at(dirfd, pathArg, flags&^unix.AT_EACCESS, func(fd int) verdict {
		return fail(accessible(fd, mode))
	})
}

// accessible asks the kernel what the guard's user may do with a file.
func accessible(fd, mode int) unix.Errno {
	_, _, errno := unix.Syscall6(unix.SYS_FACCESSAT2, uintptr(fd), uintptr(empty), uintptr(mode), unix.AT_EMPTY_PATH|unix.AT_EACCESS, 0, 0)
	return errno
}
