// SPDX-License-Identifier: MIT

package fsguard

import (
	"bytes"
	"strconv"

	"golang.org/x/sys/unix"
)

// verdict is the answer to a notification.
type verdict struct {
	pass  bool       // let the kernel do it: its own floor gives the right result
	done  bool       // already answered
	errno unix.Errno // else: this error, 0 for success
}

var pass = verdict{pass: true}

func fail(errno unix.Errno) verdict { return verdict{errno: errno} }

// result turns the outcome of what the guard did into an answer.
func result(err error) verdict {
	if err == nil {
		return verdict{}
	}
	if errno, ok := err.(unix.Errno); ok {
		return verdict{errno: errno}
	}
	return verdict{errno: unix.EIO}
}

// call is one trapped system call.
type call struct {
	w   *worker
	a   *Attachment
	n   *notification
	pid int // the calling thread
}

// dispatch decides a call and carries it out. What nobody knows, passes: on a
// read-only mount that changes nothing.
func (c *call) dispatch() verdict {
	nr := int(c.n.Data.NR)
	if nr < 0 || nr >= len(operations) || operations[nr] == nil || c.a.work < 0 {
		return pass
	}
	return operations[nr](c)
}

// arg returns an argument as the C int that most of them are.
func (c *call) arg(i int) int { return int(int32(c.n.Data.Args[i])) }

// str reads a string that ends with NUL from the process's memory.
func (c *call) str(i int, limit int) (string, unix.Errno) {
	addr := uintptr(c.n.Data.Args[i])
	if addr == 0 {
		return "", unix.EFAULT
	}
	// Page by page: nothing need be mapped after the string. Most paths are short.
	const page, short = 4096, 256
	buf := c.w.path[:limit]
	for have, most := 0, short; have < limit; most = limit {
		at := addr + uintptr(have)
		part := buf[have:min(have+page-int(at%page), have+most, limit)]
		if errno := c.read(at, part); errno != 0 {
			return "", errno
		}
		if end := bytes.IndexByte(part, 0); end >= 0 {
			return string(buf[:have+end]), 0
		}
		have += len(part)
	}
	return "", unix.ENAMETOOLONG
}

// read fills buf from the process's memory.
func (c *call) read(addr uintptr, buf []byte) unix.Errno {
	local := [1]unix.Iovec{{Base: &buf[0]}}
	local[0].SetLen(len(buf))
	remote := [1]unix.RemoteIovec{{Base: addr, Len: len(buf)}}
	c.w.looking.Store(true)
	defer c.w.looking.Store(false)
	n, err := unix.ProcessVMReadv(c.pid, local[:], remote[:], 0)
	if err != nil {
		return err.(unix.Errno)
	}
	if n != len(buf) {
		return unix.EFAULT
	}
	return 0
}

// pathArg reads a path. On false the call passes: the kernel finds the same
// fault with it.
func (c *call) pathArg(i int) (string, bool) {
	s, errno := c.str(i, unix.PathMax)
	return s, errno == 0
}

// memory reads size bytes of the process's memory.
func (c *call) memory(addr uint64, size int) ([]byte, bool) {
	if addr == 0 || size <= 0 {
		return nil, false
	}
	buf := make([]byte, size)
	return buf, c.read(uintptr(addr), buf) == 0
}

// proc is the name of something of the process in the host's /proc.
func (c *call) proc(name string) string { return "/proc/" + strconv.Itoa(c.pid) + "/" + name }

// statProc is statx(2) of it, through a magic link.
func (c *call) statProc(name string, mask int, st *unix.Statx_t) error {
	c.w.looking.Store(true)
	defer c.w.looking.Store(false)
	return unix.Statx(unix.AT_FDCWD, c.proc(name), 0, mask, st)
}

// openProc opens it as a path, through a magic link.
func (c *call) openProc(name string) (int, error) {
	c.w.looking.Store(true)
	defer c.w.looking.Store(false)
	return unix.Open(c.proc(name), unix.O_PATH|unix.O_CLOEXEC, 0)
}

// status reads a field of proc_pid_status(5).
func (c *call) status(key string) string {
	c.w.looking.Store(true)
	defer c.w.looking.Store(false)
	fd, err := unix.Open(c.proc("status"), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer unix.Close(fd)
	var buf [4096]byte
	n, err := unix.Read(fd, buf[:])
	if err != nil {
		return ""
	}
	_, after, ok := bytes.Cut(buf[:n], []byte("\n"+key+":"))
	if !ok {
		return ""
	}
	line, _, _ := bytes.Cut(after, []byte("\n"))
	return string(bytes.TrimSpace(line))
}

// pathOnly reports whether a descriptor of the process is O_PATH.
func (c *call) pathOnly(fd int) bool {
	c.w.looking.Store(true)
	defer c.w.looking.Store(false)
	f, err := unix.Open(c.proc("fdinfo/"+strconv.Itoa(fd)), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return true
	}
	defer unix.Close(f)
	var buf [256]byte
	n, err := unix.Read(f, buf[:])
	if err != nil {
		return true
	}
	_, after, _ := bytes.Cut(buf[:n], []byte("flags:\t"))
	line, _, _ := bytes.Cut(after, []byte("\n"))
	flags, err := strconv.ParseUint(string(line), 8, 32)
	return err != nil || flags&unix.O_PATH != 0
}

// valid reports whether the process still waits: see the function.
func (c *call) valid() bool { return valid(c.a.listener, c.n.ID) }

// askEvery is after how many steps of what may take long the guard asks whether it is over.
const askEvery = 64

// over reports whether nobody is left who would make use of an answer.
func (c *call) over() bool { return c.a.closed.Load() || !c.valid() }

// may reports whether a path of the workspace can be written.
func (c *call) may(rel string) bool { return c.a.policy.Level("/"+rel) == Write }
