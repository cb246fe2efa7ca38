// SPDX-License-Identifier: MIT

package fsguardtest

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// legacyCalls do the same by the system calls from before the *at family.
var legacyCalls = map[string]call{
	"open": func(p *prober, o *op, at spot) (string, error) {
		fd, err := old(unix.SYS_OPEN, at, uintptr(o.Flags|unix.O_CLOEXEC), uintptr(o.Mode))
		return p.keep(o, fd, err)
	},
	"creat": func(p *prober, o *op, at spot) (string, error) {
		fd, err := old(unix.SYS_CREAT, at, uintptr(o.Mode), 0)
		return p.keep(o, fd, err)
	},
	"access": func(p *prober, o *op, at spot) (string, error) {
		_, err := old(unix.SYS_ACCESS, at, uintptr(o.Mode), 0)
		return "", err
	},
	"mkdir": func(p *prober, o *op, at spot) (string, error) {
		_, err := old(unix.SYS_MKDIR, at, uintptr(o.Mode), 0)
		return "", err
	},
	"rmdir": func(p *prober, o *op, at spot) (string, error) {
		_, err := old(unix.SYS_RMDIR, at, 0, 0)
		return "", err
	},
	"unlink": func(p *prober, o *op, at spot) (string, error) {
		_, err := old(unix.SYS_UNLINK, at, 0, 0)
		return "", err
	},
	"rename": func(p *prober, o *op, at spot) (string, error) {
		return "", old2(unix.SYS_RENAME, at.path, p.to(o))
	},
	"link": func(p *prober, o *op, at spot) (string, error) {
		if o.Flags != 0 || at.dir != unix.AT_FDCWD {
			return nameCalls["link"](p, o, at)
		}
		return "", old2(unix.SYS_LINK, at.path, p.to(o))
	},
	"symlink": func(p *prober, o *op, at spot) (string, error) {
		return "", old2(unix.SYS_SYMLINK, p.to(o), at.path)
	},
	"mknod": func(p *prober, o *op, at spot) (string, error) {
		_, err := old(unix.SYS_MKNOD, at, uintptr(o.Mode), uintptr(o.Size))
		return "", err
	},
	"chmod": func(p *prober, o *op, at spot) (string, error) {
		_, err := old(unix.SYS_CHMOD, at, uintptr(o.Mode), 0)
		return "", err
	},
	"chown": func(p *prober, o *op, at spot) (string, error) {
		nr := uintptr(unix.SYS_CHOWN)
		if o.Flags&unix.AT_SYMLINK_NOFOLLOW != 0 {
			nr = unix.SYS_LCHOWN
		}
		uid, gid := o.owner()
		_, err := old(nr, at, uintptr(uid), uintptr(gid))
		return "", err
	},
	"utimens": func(p *prober, o *op, at spot) (string, error) {
		if o.Flags != 0 {
			return attrCalls["utimens"](p, o, at)
		}
		if o.Size == 0 {
			_, err := old(unix.SYS_UTIME, at, 0, 0)
			return "", err
		}
		t := [2]unix.Timeval{{Sec: o.Size, Usec: 5}, {Sec: o.Size, Usec: 5}}
		_, err := old(unix.SYS_UTIMES, at, uintptr(unsafe.Pointer(&t)), 0)
		return "", err
	},
}

//go:uintptrescapes
func old(nr uintptr, at spot, a, b uintptr) (int, error) {
	name, err := unix.BytePtrFromString(at.path)
	if err != nil {
		return -1, err
	}
	r, _, errno := unix.Syscall(nr, uintptr(unsafe.Pointer(name)), a, b)
	return int(r), fault(errno)
}

func old2(nr uintptr, from, to string) error {
	f, err := unix.BytePtrFromString(from)
	if err != nil {
		return err
	}
	t, err := unix.BytePtrFromString(to)
	if err != nil {
		return err
	}
	_, _, errno := unix.Syscall(nr, uintptr(unsafe.Pointer(f)), uintptr(unsafe.Pointer(t)), 0)
	return fault(errno)
}
