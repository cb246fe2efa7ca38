// SPDX-License-Identifier: MIT

package fsguard

import "golang.org/x/sys/unix"

func opFchmod(c *call) verdict {
	mode := uint32(c.n.Data.Args[1])
	return c.opened(c.arg(0), func(fd int) verdict { return chmod(fd, mode) })
}

func opFchmodat(c *call) verdict { return c.chmodAt(c.arg(0), 1, uint32(c.n.Data.Args[2]), 0) }

func opFchmodat2(c *call) verdict {
	return c.chmodAt(c.arg(0), 1, uint32(c.n.Data.Args[2]), c.arg(3))
}

func (c *call) chmodAt(dirfd, pathArg int, mode uint32, flags int) verdict {
	return c.at(dirfd, pathArg, flags, func(fd int) verdict { return chmod(fd, mode) })
}

func chmod(fd int, mode uint32) verdict {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return result(err)
	}
	if st.Mode&unix.S_IFMT == unix.S_IFLNK {
		return fail(unix.EOPNOTSUPP)
	}
	return result(unix.Chmod(self(fd), mode&0o7777))
}
