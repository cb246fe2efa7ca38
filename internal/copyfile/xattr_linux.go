// SPDX-License-Identifier: MIT

package copyfile

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// copied reports whether an extended attribute is copied. Those of
// overlayfs do not: in a lower layer they would mean something.
func copied(name string) bool {
	return strings.HasPrefix(name, "user.") && !strings.HasPrefix(name, "user.overlay.")
}

// copyAttributes copies the extended attributes of a file. What cannot be
// copied is left out, as a file system without them would.
func copyAttributes(in, out int) {
	copyXattrs(
		func(buf []byte) (int, error) { return unix.Flistxattr(in, buf) },
		func(name string, buf []byte) (int, error) { return unix.Fgetxattr(in, name, buf) },
		func(name string, value []byte) { _ = unix.Fsetxattr(out, name, value, 0) },
	)
}

// DirAttributes copies the extended attributes of the directory in to the one
// called name beneath dirfd. in may be of O_PATH, which the calls for descriptors
// refuse.
func DirAttributes(in, dirfd int, name string) {
	proc := func(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }
	copyXattrs(
		func(buf []byte) (int, error) { return unix.Listxattr(proc(in), buf) },
		func(attr string, buf []byte) (int, error) { return unix.Getxattr(proc(in), attr, buf) },
		func(attr string, value []byte) { _ = unix.Lsetxattr(proc(dirfd)+"/"+name, attr, value, 0) },
	)
}

func copyXattrs(list func([]byte) (int, error), get func(string, []byte) (int, error), set func(string, []byte)) {
	n, err := list(nil)
	if err != nil || n == 0 {
		return
	}
	names := make([]byte, n)
	if n, err = list(names); err != nil {
		return
	}
	for _, name := range strings.Split(strings.TrimSuffix(string(names[:n]), "\x00"), "\x00") {
		if !copied(name) {
			continue
		}
		size, err := get(name, nil)
		if err != nil {
			continue
		}
		value := make([]byte, size)
		if size > 0 {
			if size, err = get(name, value); err != nil {
				continue
			}
		}
		set(name, value[:size])
	}
}
