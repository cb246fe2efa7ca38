// SPDX-License-Identifier: MIT

package commit

import (
	"errors"
	"strings"

	"golang.org/x/sys/unix"
)

// own gives a slot's file its owner and group: those of the file that it takes the
// place of, or, where there is none, those that its directory gives.
func (s *stager) own(dir int, slot string, n *node) error {
	uid, gid := s.uid, s.gid
	switch {
	case n.now != nil:
		uid, gid = n.now.UID, n.now.GID
	case s.uid == 0:
		uid, gid = n.dir.uid, n.dir.gid
	case n.dir.setgid:
		gid = n.dir.gid
	}
	if uid == s.uid && gid == s.gid {
		return nil
	}
	err := s.chown(dir, slot, int(uid), int(gid))
	if err != unix.EPERM && err != unix.EINVAL { // EINVAL: an id that a user namespace does not know
		return err
	}
	if n.now == nil {
		return nil // a directory's owner is only a default
	}
	return readError{errors.New("its owner and group cannot be kept")}
}

// plain reports whether an open file has no attributes.
func plain(fd int) bool {
	n, err := unix.Flistxattr(fd, nil)
	return n == 0 && err == nil
}

// attributes gives an open file the POSIX ACL and the attributes in the
// namespace user of the one whose place it takes. What cannot be had is left out.
func (s *stager) attributes(old *File, out int) {
	in, err := old.Open()
	if err != nil {
		return
	}
	defer unix.Close(in)
	value := s.buf.of(bufferSize) // values are of 64 KiB at most, as are the names
	n, err := unix.Flistxattr(in, value)
	if err != nil || n == 0 {
		return
	}
	for attr := range strings.SplitSeq(strings.TrimSuffix(string(value[:n]), "\x00"), "\x00") {
		if !strings.HasPrefix(attr, "user.") && attr != "system.posix_acl_access" {
			continue
		}
		if size, err := unix.Fgetxattr(in, attr, value); err == nil {
			_ = s.do("setxattr", func() error { return unix.Fsetxattr(out, attr, value[:size], 0) })
		}
	}
}
