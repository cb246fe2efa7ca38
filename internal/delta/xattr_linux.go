// SPDX-License-Identifier: MIT

package delta

import (
	"bytes"
	"strings"

	"golang.org/x/sys/unix"
)

const opaqueAttr = "user.overlay.opaque"

// keeps reports whether an extended attribute goes into a copy of a layer: the
// user's own and those of overlayfs, of which root sees more. The name that
// overlayfs has given to one file system is not for another.
func keeps(name string) bool {
	if strings.HasSuffix(name, ".overlay.uuid") {
		return false
	}
	return strings.HasPrefix(name, "user.") || strings.HasPrefix(name, "trusted.overlay.")
}

// plain reports whether an extended attribute goes along with a file that comes
// to lie in another layer.
func plain(name string) bool {
	return strings.HasPrefix(name, "user.") && !strings.HasPrefix(name, "user.overlay.")
}

// copyXattrs copies the extended attributes of a file, by name. What cannot be
// copied is left out, as a file system without them would. Both descriptors may
// be of O_PATH.
func copyXattrs(in, out int, which func(string) bool) error {
	from, to := self(in), self(out)
	n, err := unix.Listxattr(from, nil)
	if err != nil || n == 0 {
		return nil
	}
	names := make([]byte, n+256)
	if n, err = unix.Listxattr(from, names); err != nil {
		return nil
	}
	for name := range bytes.SplitSeq(names[:n], []byte{0}) {
		attr := string(name)
		if attr == "" || !which(attr) {
			continue
		}
		value := make([]byte, 64<<10) // the most that there is: xattr(7)
		size, err := unix.Getxattr(from, attr, value)
		if err != nil {
			continue
		}
		if err := unix.Setxattr(to, attr, value[:size], 0); err == unix.ENOSPC || err == unix.EDQUOT {
			return err
		}
	}
	return nil
}

// setOpaque makes a directory hide what lower layers hold under its name.
func setOpaque(fd int) error { return unix.Setxattr(self(fd), opaqueAttr, []byte("y"), 0) }
