// SPDX-License-Identifier: MIT

package fsguardtest

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// lookCalls look and change nothing.
var lookCalls = map[string]call{
	"stat":  func(p *prober, o *op, at spot) (string, error) { return stat(at, 0) },
	"lstat": func(p *prober, o *op, at spot) (string, error) { return stat(at, unix.AT_SYMLINK_NOFOLLOW) },
	"fstat": func(p *prober, o *op, _ spot) (string, error) {
		return stat(spot{dir: p.fd(o.FD)}, unix.AT_EMPTY_PATH)
	},
	"statx": func(p *prober, o *op, at spot) (string, error) {
		var st unix.Statx_t
		if err := unix.Statx(at.dir, at.path, o.Flags, unix.STATX_BASIC_STATS, &st); err != nil {
			return "", err
		}
		return kind(uint32(st.Mode)) + " " + strconv.FormatUint(uint64(st.Mode&0o7777), 8), nil
	},
	"links": func(p *prober, o *op, at spot) (string, error) {
		var st unix.Stat_t
		err := unix.Fstatat(at.dir, at.path, &st, unix.AT_SYMLINK_NOFOLLOW)
		return fmt.Sprintf("links %d", st.Nlink), err
	},
	"mtime": func(p *prober, o *op, at spot) (string, error) {
		var st unix.Stat_t
		err := unix.Fstatat(at.dir, at.path, &st, unix.AT_SYMLINK_NOFOLLOW)
		return fmt.Sprintf("mtime %d.%09d", st.Mtim.Sec, st.Mtim.Nsec), err
	},
	"readdir": func(p *prober, o *op, at spot) (string, error) {
		fd, err := unix.Openat(at.dir, at.path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			return "", err
		}
		d := os.NewFile(uintptr(fd), at.path)
		defer d.Close()
		names, err := d.Readdirnames(-1)
		slices.Sort(names)
		for i, n := range names {
			names[i] = strings.Trim(strconv.QuoteToASCII(n), `"`)
		}
		return "[" + strings.Join(names, " ") + "]", err
	},
	"readlink": func(p *prober, o *op, at spot) (string, error) {
		var buf [unix.PathMax]byte
		n, err := unix.Readlinkat(at.dir, at.path, buf[:])
		return "-> " + string(buf[:max(n, 0)]), err
	},
	"access": func(p *prober, o *op, at spot) (string, error) {
		return "", access(unix.SYS_FACCESSAT, at, o)
	},
	"faccessat2": func(p *prober, o *op, at spot) (string, error) {
		return "", access(unix.SYS_FACCESSAT2, at, o)
	},
	"statfs": func(p *prober, o *op, at spot) (string, error) {
		fd, err := unix.Openat(at.dir, at.path, unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			return "", err
		}
		defer unix.Close(fd)
		var st unix.Statfs_t
		return "", unix.Fstatfs(fd, &st)
	},
	"inotify": inotify,
}

func access(nr uintptr, at spot, o *op) error {
	name, err := unix.BytePtrFromString(at.path)
	if err != nil {
		return err
	}
	_, _, errno := unix.Syscall6(nr, uintptr(at.dir), uintptr(unsafe.Pointer(name)), uintptr(o.Mode), uintptr(o.Flags), 0, 0)
	return fault(errno)
}

// stat shows type, permissions and, unless it is a directory, the size, which
// is that of what the file system stores. An owner is shown if it is another.
func stat(at spot, flags int) (string, error) {
	var st unix.Stat_t
	if err := unix.Fstatat(at.dir, at.path, &st, flags); err != nil {
		return "", err
	}
	s := fmt.Sprintf("%s %o", kind(st.Mode), st.Mode&0o7777)
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		s += fmt.Sprintf(" %d", st.Size)
	}
	if int(st.Uid) != os.Getuid() || int(st.Gid) != os.Getgid() {
		s += fmt.Sprintf(" of %d:%d", st.Uid, st.Gid)
	}
	return s, nil
}

func kind(mode uint32) string {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return "file"
	case unix.S_IFDIR:
		return "dir"
	case unix.S_IFLNK:
		return "link"
	case unix.S_IFIFO:
		return "fifo"
	case unix.S_IFSOCK:
		return "socket"
	}
	return "device"
}

func inotify(p *prober, o *op, at spot) (string, error) {
	if at.dir != unix.AT_FDCWD {
		at.path = fmt.Sprintf("/proc/self/fd/%d/%s", at.dir, at.path)
	}
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	_, err = unix.InotifyAddWatch(fd, at.path, unix.IN_ALL_EVENTS)
	return "", err
}
