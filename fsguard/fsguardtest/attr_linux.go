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

// attrCalls change and read attributes.
var attrCalls = map[string]call{
	"chmod": func(p *prober, o *op, at spot) (string, error) {
		return "", chmodat(unix.SYS_FCHMODAT, at, o)
	},
	"fchmodat2": func(p *prober, o *op, at spot) (string, error) {
		err := chmodat(unix.SYS_FCHMODAT2, at, o)
		if err == unix.ENOSYS {
			err = likeLibc(at, o)
		}
		return "", err
	},
	"fchmodat2, itself": func(p *prober, o *op, at spot) (string, error) {
		return "", chmodat(unix.SYS_FCHMODAT2, at, o)
	},
	"fchmod": func(p *prober, o *op, _ spot) (string, error) {
		return "", unix.Fchmod(p.fd(o.FD), o.Mode)
	},
	// chown gives a file to the probe's own user and group; Size -1 keeps them.
	"chown": func(p *prober, o *op, at spot) (string, error) {
		uid, gid := o.owner()
		return "", unix.Fchownat(at.dir, at.path, uid, gid, o.Flags)
	},
	"fchown": func(p *prober, o *op, _ spot) (string, error) {
		uid, gid := o.owner()
		return "", unix.Fchown(p.fd(o.FD), uid, gid)
	},
	// utimens sets both times to Size seconds; to now if that is 0.
	"utimens": func(p *prober, o *op, at spot) (string, error) {
		name, err := unix.BytePtrFromString(at.path)
		if err != nil {
			return "", err
		}
		_, _, errno := unix.Syscall6(unix.SYS_UTIMENSAT, uintptr(at.dir), uintptr(unsafe.Pointer(name)),
			uintptr(unsafe.Pointer(times(o))), uintptr(o.Flags), 0, 0)
		return "", fault(errno)
	},
	"futimens": func(p *prober, o *op, _ spot) (string, error) {
		_, _, errno := unix.Syscall6(unix.SYS_UTIMENSAT, uintptr(p.fd(o.FD)), 0, uintptr(unsafe.Pointer(times(o))), 0, 0, 0)
		return "", fault(errno)
	},
	"setxattr": func(p *prober, o *op, at spot) (string, error) {
		return "", unix.Setxattr(at.bare(), string(o.Name), []byte(o.To), o.Flags)
	},
	"lsetxattr": func(p *prober, o *op, at spot) (string, error) {
		return "", unix.Lsetxattr(at.bare(), string(o.Name), []byte(o.To), o.Flags)
	},
	"fsetxattr": func(p *prober, o *op, _ spot) (string, error) {
		return "", unix.Fsetxattr(p.fd(o.FD), string(o.Name), []byte(o.To), o.Flags)
	},
	"getxattr": func(p *prober, o *op, at spot) (string, error) {
		buf := make([]byte, 1024)
		n, err := unix.Getxattr(at.bare(), string(o.Name), buf)
		return strconv.QuoteToASCII(string(buf[:max(n, 0)])), err
	},
	"listxattr": func(p *prober, o *op, at spot) (string, error) {
		buf := make([]byte, 64<<10)
		n, err := unix.Listxattr(at.bare(), buf)
		names := strings.FieldsFunc(string(buf[:max(n, 0)]), func(r rune) bool { return r == 0 })
		names = slices.DeleteFunc(names, func(s string) bool { return !strings.HasPrefix(s, "user.") })
		slices.Sort(names)
		return fmt.Sprint(names), err
	},
	"removexattr": func(p *prober, o *op, at spot) (string, error) {
		return "", unix.Removexattr(at.bare(), string(o.Name))
	},
	"lremovexattr": func(p *prober, o *op, at spot) (string, error) {
		return "", unix.Lremovexattr(at.bare(), string(o.Name))
	},
	"fremovexattr": func(p *prober, o *op, _ spot) (string, error) {
		return "", unix.Fremovexattr(p.fd(o.FD), string(o.Name))
	},
}

// bare is the spot as one path, for the calls that take no directory.
func (at spot) bare() string {
	if at.dir == unix.AT_FDCWD {
		return at.path
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", at.dir, at.path)
}

func chmodat(nr uintptr, at spot, o *op) error {
	name, err := unix.BytePtrFromString(at.path)
	if err != nil {
		return err
	}
	_, _, errno := unix.Syscall6(nr, uintptr(at.dir), uintptr(unsafe.Pointer(name)), uintptr(o.Mode), uintptr(o.Flags), 0, 0)
	return fault(errno)
}

func times(o *op) *[2]unix.Timespec {
	if o.Size == 0 {
		return nil
	}
	t := unix.Timespec{Sec: o.Size, Nsec: 5000}
	return &[2]unix.Timespec{t, t}
}

// owner is whom an operation gives a file to.
func (o *op) owner() (uid, gid int) {
	if o.Size == -1 {
		return -1, -1
	}
	return os.Getuid(), os.Getgid()
}

// likeLibc is fchmodat(3) of a C library whose kernel has no fchmodat2(2).
func likeLibc(at spot, o *op) error {
	if o.Flags&^unix.AT_SYMLINK_NOFOLLOW != 0 {
		return unix.EINVAL
	}
	if o.Flags == 0 {
		return chmodat(unix.SYS_FCHMODAT, at, o)
	}
	fd, err := unix.Openat(at.dir, at.path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT == unix.S_IFLNK {
		return unix.EOPNOTSUPP
	}
	return unix.Chmod(fmt.Sprintf("/proc/self/fd/%d", fd), o.Mode)
}
