// SPDX-License-Identifier: MIT

package delta

import "golang.org/x/sys/unix"

// identity tells files apart, whatever their names. An inode's number is given
// to another file when the file is gone; the time at which it was made is not.
type identity struct {
	ino          uint64
	major, minor uint32
	born         unix.StatxTimestamp
}

// identify returns the identity of the file behind a descriptor.
func identify(fd int) (identity, error) {
	var st unix.Statx_t
	err := unix.Statx(fd, "", unix.AT_EMPTY_PATH, unix.STATX_INO|unix.STATX_BTIME, &st)
	return identity{ino: st.Ino, major: st.Dev_major, minor: st.Dev_minor, born: st.Btime}, err
}
