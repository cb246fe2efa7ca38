// SPDX-License-Identifier: MIT

package fsguardtest

import (
	"encoding/binary"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// openCalls open files and work on what they opened.
var openCalls = map[string]call{
	"open": func(p *prober, o *op, at spot) (string, error) {
		fd, err := unix.Openat(at.dir, at.path, o.Flags|unix.O_CLOEXEC, o.Mode)
		return p.keep(o, fd, err)
	},
	"openat2": openat2,
	"creat": func(p *prober, o *op, at spot) (string, error) {
		fd, err := unix.Openat(at.dir, at.path, unix.O_CREAT|unix.O_WRONLY|unix.O_TRUNC, o.Mode)
		return p.keep(o, fd, err)
	},
	// cat reads a file; put writes one.
	"cat": func(p *prober, o *op, at spot) (string, error) {
		fd, err := unix.Openat(at.dir, at.path, unix.O_RDONLY|unix.O_CLOEXEC|o.Flags, 0)
		if err != nil {
			return "", err
		}
		defer unix.Close(fd)
		return readAll(fd)
	},
	"put": func(p *prober, o *op, at spot) (string, error) {
		fd, err := unix.Openat(at.dir, at.path, unix.O_WRONLY|unix.O_CREAT|unix.O_TRUNC|unix.O_CLOEXEC|o.Flags, 0o644)
		if err != nil {
			return "", err
		}
		defer unix.Close(fd)
		_, err = unix.Write(fd, []byte(o.To))
		return "", err
	},
	"read": func(p *prober, o *op, _ spot) (string, error) {
		if _, err := unix.Seek(p.fd(o.FD), 0, unix.SEEK_SET); err != nil {
			return "", err
		}
		return readAll(p.fd(o.FD))
	},
	"write": func(p *prober, o *op, _ spot) (string, error) {
		n, err := unix.Write(p.fd(o.FD), []byte(o.To))
		return strconv.Itoa(n), err
	},
	"getfl": func(p *prober, o *op, _ spot) (string, error) {
		const shown = unix.O_ACCMODE | unix.O_APPEND | unix.O_NONBLOCK | unix.O_DIRECTORY | unix.O_PATH | unix.O_DSYNC
		fl, err := unix.FcntlInt(uintptr(p.fd(o.FD)), unix.F_GETFL, 0)
		return "flags " + strconv.FormatInt(int64(fl&shown), 8), err
	},
	"getfd": func(p *prober, o *op, _ spot) (string, error) {
		fl, err := unix.FcntlInt(uintptr(p.fd(o.FD)), unix.F_GETFD, 0)
		return "flags " + strconv.Itoa(fl), err
	},
	"mmap": mmap,
	"flock": func(p *prober, o *op, _ spot) (string, error) {
		return "", unix.Flock(p.fd(o.FD), o.Flags)
	},
	"fallocate": func(p *prober, o *op, _ spot) (string, error) {
		return "", unix.Fallocate(p.fd(o.FD), 0, 0, o.Size)
	},
	// setflags is what chattr(1) does, with the flags that the file has.
	"setflags": func(p *prober, o *op, _ spot) (string, error) {
		flags, err := unix.IoctlGetInt(p.fd(o.FD), unix.FS_IOC_GETFLAGS)
		if err != nil {
			return "", err
		}
		return "", unix.IoctlSetPointerInt(p.fd(o.FD), unix.FS_IOC_SETFLAGS, flags)
	},
}

func fault(errno unix.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}

// resolveCached is RESOLVE_CACHED, with which EAGAIN is an answer like others.
const resolveCached = 0x20

// openat2 gives the kernel's structure of Size bytes, 24 unless it says otherwise.
// It is called again when the kernel could not tell where ".." leads, because
// something else was being moved or mounted just then (openat2(2), EAGAIN).
func openat2(p *prober, o *op, at spot) (string, error) {
	how := make([]byte, max(24, o.Size))
	binary.NativeEndian.PutUint64(how, uint64(o.Flags|unix.O_CLOEXEC))
	binary.NativeEndian.PutUint64(how[8:], uint64(o.Mode))
	binary.NativeEndian.PutUint64(how[16:], o.Resolve)
	name, err := unix.BytePtrFromString(at.path)
	if err != nil {
		return "", err
	}
	for range 1000 {
		fd, _, errno := unix.Syscall6(unix.SYS_OPENAT2, uintptr(at.dir), uintptr(unsafe.Pointer(name)),
			uintptr(unsafe.Pointer(&how[0])), uintptr(len(how)), 0, 0)
		if errno != unix.EAGAIN || o.Resolve&resolveCached != 0 {
			return p.keep(o, int(fd), fault(errno))
		}
	}
	return "", unix.EAGAIN
}

func readAll(fd int) (string, error) {
	var all []byte
	buf := make([]byte, 64<<10)
	for {
		n, err := unix.Read(fd, buf)
		if err != nil {
			return "", err
		}
		if n == 0 {
			return strconv.QuoteToASCII(string(all)), nil
		}
		all = append(all, buf[:n]...)
	}
}

// mmap writes into a shared mapping and reads the file.
func mmap(p *prober, o *op, _ spot) (string, error) {
	m, err := unix.Mmap(p.fd(o.FD), 0, 4, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return "", err
	}
	copy(m, o.To)
	if err := unix.Msync(m, unix.MS_SYNC); err != nil {
		return "", err
	}
	if err := unix.Munmap(m); err != nil {
		return "", err
	}
	if _, err := unix.Seek(p.fd(o.FD), 0, unix.SEEK_SET); err != nil {
		return "", err
	}
	return readAll(p.fd(o.FD))
}
