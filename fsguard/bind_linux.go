// SPDX-License-Identifier: MIT

package fsguard

import (
	"bytes"
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// maxUnixPath is the size of sun_path in struct sockaddr_un.
const maxUnixPath = 108

// opBind serves bind(2) of a socket to a name in the workspace. The guard
// binds the process's own socket, in the directory it decided on: the name
// that getsockname(2) gives is then the last component alone, after "./".
func opBind(c *call) verdict {
	size := int(uint32(c.n.Data.Args[2]))
	if size <= 2 || size > 2+maxUnixPath {
		return pass
	}
	raw, ok := c.memory(c.n.Data.Args[1], size)
	if !ok || binary.NativeEndian.Uint16(raw) != unix.AF_UNIX || raw[2] == 0 {
		return pass // another family, or an abstract name
	}
	path := raw[2:]
	if i := bytes.IndexByte(path, 0); i >= 0 {
		path = path[:i]
	}
	return c.steady(func() verdict {
		return c.parent(unix.AT_FDCWD, string(path), c.bindAt)
	})
}

func (c *call) bindAt(e spot) verdict {
	if !c.a.beginTaking() {
		return fail(unix.ENOBUFS)
	}
	sock, err := c.takeFile(c.arg(0))
	if err != nil {
		c.a.endTaking()
		return result(err)
	}
	defer c.a.closeTaken(sock)
	if domain, err := unix.GetsockoptInt(sock, unix.SOL_SOCKET, unix.SO_DOMAIN); err != nil || domain != unix.AF_UNIX {
		return pass
	}
	c.umask()
	// The thread has a working directory of its own.
	if err := unix.Fchdir(e.dir); err != nil {
		return result(err)
	}
	defer func() { _ = unix.Chdir("/") }()
	// A bare name that begins with @ would be taken for an abstract one.
	return result(unix.Bind(sock, &unix.SockaddrUnix{Name: "./" + e.name}))
}

// takeFile gets a copy of one of the process's descriptors.
func (c *call) takeFile(fd int) (int, error) {
	leader := c.leader()
	c.w.looking.Store(true)
	defer c.w.looking.Store(false)
	pidfd, err := unix.PidfdOpen(leader, 0)
	if err != nil {
		return -1, unix.EBADF
	}
	defer unix.Close(pidfd)
	if !c.valid() {
		return -1, unix.EBADF
	}
	return unix.PidfdGetfd(pidfd, fd, 0)
}
