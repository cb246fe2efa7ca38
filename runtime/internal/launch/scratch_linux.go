// SPDX-License-Identifier: MIT

package launch

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// isTmpfs reports whether a file is a directory of a file system in memory. The
// init has opened nothing else of that kind, and hands it over before anything
// else has run; all that is done with it is to attach it in a later instance of
// the same sandbox, without devices and set-user-ID, for the same user. So even an
// init that was taken over could give itself nothing but what it has.
func isTmpfs(f *os.File) bool {
	var st unix.Stat_t
	var fs unix.Statfs_t
	return unix.Fstat(int(f.Fd()), &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR &&
		unix.Fstatfs(int(f.Fd()), &fs) == nil && fs.Type == unix.TMPFS_MAGIC
}

// giveBack ends an instance that was not to be, and makes the caller's file stand
// for what that has handed over, if its init came so far as to take what the file
// stood for: the file could not be attached again.
func (in *instance) giveBack(scratch *os.File) {
	in.end(time.Second)
	if in.kept != nil && scratch != nil {
		_ = unix.Dup3(int(in.kept.Fd()), int(scratch.Fd()), unix.O_CLOEXEC)
	}
	in.Close()
}

// Scratch gives away what is kept, if there is anything in it.
func (in *instance) Scratch() *os.File {
	in.mu.Lock()
	f := in.kept
	in.kept = nil
	in.mu.Unlock()
	if f != nil && !in.used(f) {
		f.Close()
		return nil
	}
	return f
}

// used reports whether what is kept is other than it would be in a new instance.
func (in *instance) used(top *os.File) bool {
	var fs unix.Statfs_t
	if err := unix.Fstatfs(int(top.Fd()), &fs); err != nil || fs.Files-fs.Ffree != uint64(1+len(in.modes)) {
		return true
	}
	for name, mode := range in.modes {
		fd, err := unix.Openat(int(top.Fd()), name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err != nil {
			return true
		}
		changed := changed(fd, mode)
		unix.Close(fd)
		if changed {
			return true
		}
	}
	return false
}

// changed reports whether an empty directory has another mode than at first, or
// attributes, such as an ACL. Its times do not count.
func changed(dir int, mode uint32) bool {
	var st unix.Stat_t
	if err := unix.Fstat(dir, &st); err != nil || st.Mode&0o7777 != mode {
		return true
	}
	n, err := unix.Flistxattr(dir, nil)
	return err != nil || n > 0
}
