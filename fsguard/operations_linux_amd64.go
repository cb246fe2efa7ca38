// SPDX-License-Identifier: MIT

package fsguard

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

const cwd = unix.AT_FDCWD

// legacyOperations are the calls from before the *at family.
var legacyOperations = map[int]func(*call) verdict{
	unix.SYS_OPEN: func(c *call) verdict { return c.open(cwd, 0, c.arg(1), uint32(c.n.Data.Args[2])) },
	unix.SYS_CREAT: func(c *call) verdict {
		return c.open(cwd, 0, unix.O_CREAT|unix.O_WRONLY|unix.O_TRUNC, uint32(c.n.Data.Args[1]))
	},
	unix.SYS_MKDIR:   func(c *call) verdict { return c.mkdir(cwd, 0, uint32(c.n.Data.Args[1])) },
	unix.SYS_MKNOD:   func(c *call) verdict { return c.mknod(cwd, 0, uint32(c.n.Data.Args[1])) },
	unix.SYS_SYMLINK: func(c *call) verdict { return c.symlink(cwd, 1) },
	unix.SYS_UNLINK:  func(c *call) verdict { return c.unlink(cwd, 0, 0) },
	unix.SYS_RMDIR:   func(c *call) verdict { return c.unlink(cwd, 0, unix.AT_REMOVEDIR) },
	unix.SYS_LINK:    func(c *call) verdict { return c.link(cwd, 0, cwd, 1, 0) },
	unix.SYS_RENAME:  func(c *call) verdict { return c.rename(cwd, 0, cwd, 1, 0) },
	unix.SYS_ACCESS:  func(c *call) verdict { return c.access(cwd, 0, c.arg(1), 0) },
	unix.SYS_CHMOD:   func(c *call) verdict { return c.chmodAt(cwd, 0, uint32(c.n.Data.Args[1]), 0) },
	unix.SYS_CHOWN: func(c *call) verdict {
		return c.at(cwd, 0, 0, func(fd int) verdict { return c.chown(fd, 1) })
	},
	unix.SYS_LCHOWN: func(c *call) verdict {
		return c.at(cwd, 0, unix.AT_SYMLINK_NOFOLLOW, func(fd int) verdict { return c.chown(fd, 1) })
	},
	unix.SYS_UTIME:     func(c *call) verdict { return c.utimes(cwd, 0, c.n.Data.Args[1], 8) },
	unix.SYS_UTIMES:    func(c *call) verdict { return c.utimes(cwd, 0, c.n.Data.Args[1], 16) },
	unix.SYS_FUTIMESAT: func(c *call) verdict { return c.utimes(c.arg(0), 1, c.n.Data.Args[2], 16) },
}

// utimes serves the three calls that give times in seconds, or in seconds and
// microseconds, which take 8 or 16 bytes each.
func (c *call) utimes(dirfd, pathArg int, addr uint64, size int) verdict {
	var times *[2]unix.Timespec
	if addr != 0 {
		raw, ok := c.memory(addr, 2*size)
		if !ok {
			return pass
		}
		times = new([2]unix.Timespec)
		for i := range times {
			times[i].Sec = int64(binary.NativeEndian.Uint64(raw[size*i:]))
			if size == 16 {
				times[i].Nsec = int64(binary.NativeEndian.Uint64(raw[size*i+8:])) * 1000
			}
		}
	}
	act := func(fd int) verdict { return result(setTimes(fd, times)) }
	if c.n.Data.Args[pathArg] == 0 {
		return c.opened(dirfd, act)
	}
	return c.at(dirfd, pathArg, 0, act)
}
