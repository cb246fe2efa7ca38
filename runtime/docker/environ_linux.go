// SPDX-License-Identifier: MIT

package docker

import (
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/runtime"
)

// maxPasswd is how much of an image's /etc/passwd is read.
const maxPasswd = 1 << 20

// environ is what commands begin with in a container whose root is given.
func environ(image []string, root *os.File, user runtime.User) []string {
	return environment(image, readPasswd(root), user.UID-user.Shift)
}

// readPasswd reads the list of users of an image, as far as it is a plain file.
func readPasswd(root *os.File) string {
	fd, err := unix.Openat2(int(root.Fd()), "etc/passwd", &unix.OpenHow{
		Flags: unix.O_RDONLY | unix.O_NONBLOCK | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err != nil {
		return ""
	}
	f := os.NewFile(uintptr(fd), "/etc/passwd")
	defer f.Close()
	data, _ := io.ReadAll(io.LimitReader(f, maxPasswd))
	return string(data)
}
