// SPDX-License-Identifier: MIT

package ledgertest

import (
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// slowMemory has the guard read paths from memory that is not there, ends at once,
// or takes long to be had: others are served meanwhile.
func slowMemory() []try {
	return []try{
		guarded("no memory", "EFAULT", "ENOSYS", makes("openat", at, 0, unix.O_WRONLY)),
		guarded("an address of the kernel's", "EFAULT", "ENOSYS", makes("openat", at, ^uintptr(4095), unix.O_WRONLY)),
		guarded("memory without permission", "EFAULT", "ENOSYS", func() (string, error) {
			return named(unix.PROT_NONE, 0, "")
		}),
		guarded("a path that ends where its mapping does", "EROFS", "ENOSYS", func() (string, error) {
			return named(unix.PROT_READ|unix.PROT_WRITE, 4096, ws+"/read/file\x00")
		}),
		guarded("a path without an end", "EFAULT|ENAMETOOLONG", "ENOSYS", func() (string, error) {
			return named(unix.PROT_READ|unix.PROT_WRITE, 4096, ws+"/read/file")
		}),
		guarded("memory of a file that has been cut off", "EFAULT", "ENOSYS", cutOff),
		guarded("memory whose map is held by others all the time", "served", "ENOSYS", crowded),
		attempt("the processes' own way to make memory slow", "EPERM", makes("userfaultfd", 0)),
		attempt("and the other", "ENOENT|EACCES|ENOSYS", opens("/dev/fuse", unix.O_RDWR)),
	}
}

// named opens for writing the path that is put to the end of a page, before one
// that is not mapped.
func named(protection, end int, path string) (string, error) {
	m, err := unix.Mmap(-1, 0, 8192, protection, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return "", err
	}
	defer func() { _ = unix.Munmap(m) }()
	if err := unix.Mprotect(m[4096:], unix.PROT_NONE); err != nil {
		return "", err
	}
	start := max(0, end-len(path))
	copy(m[start:end], path)
	_, err = sys("openat", at, address(m)+uintptr(start), unix.O_WRONLY)
	return "", err
}

// cutOff names a path in a mapping beyond the end of its file.
func cutOff() (string, error) {
	fd, err := unix.MemfdCreate("path", unix.MFD_CLOEXEC)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	if err := unix.Ftruncate(fd, 4096); err != nil {
		return "", err
	}
	m, err := unix.Mmap(fd, 0, 4096, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return "", err
	}
	defer func() { _ = unix.Munmap(m) }()
	if err := unix.Ftruncate(fd, 0); err != nil {
		return "", err
	}
	_, err = sys("openat", at, address(m), unix.O_WRONLY)
	return "", err
}

// crowded keeps the lock of the process's memory map taken by big mappings while
// paths are read from it, and sees that another process is served meanwhile.
func crowded() (string, error) {
	if told.Mode != guardThere {
		return "", put(ws+"/write/file", "x")
	}
	var stop atomic.Bool
	var mappers sync.WaitGroup
	defer func() { stop.Store(true); mappers.Wait() }()
	for range 2 {
		mappers.Go(func() {
			for !stop.Load() {
				if m, err := unix.Mmap(-1, 0, 16<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_POPULATE); err == nil {
					_ = unix.Munmap(m)
				}
			}
		})
		go func() {
			for !stop.Load() {
				_ = put(ws+"/write/crowded", "x")
			}
		}()
	}
	for end := time.Now().Add(told.Duration); time.Now().Before(end); {
		if out, err := again("writer"); err != nil {
			return "", fmt.Errorf("another process: %s, %w", out, err)
		}
	}
	return "served", nil
}

func init() {
	helpers["writer"] = func() int {
		if err := put(ws+"/write/file", "write"); err != nil {
			fmt.Println(err)
			return 1
		}
		return 0
	}
	helpers["flood"] = flooder
}

// flooder starts processes whose threads do nothing but ask the guard, until it is
// killed. Its children do not outlive it, since the sandbox's init ends what a
// command leaves.
func flooder() int {
	fmt.Println("flooding")
	var children []*exec.Cmd
	for range 16 {
		c := exec.Command("/proc/self/exe", attackArg, "asker")
		if err := c.Start(); err != nil && !errors.Is(err, unix.EAGAIN) {
			fmt.Println(err)
			return 1
		}
		children = append(children, c)
	}
	for _, c := range children {
		_ = c.Wait()
	}
	return 0
}

func init() {
	helpers["asker"] = func() int {
		for range 8 {
			go func() {
				runtime.LockOSThread()
				for {
					_ = unix.Mkdir(ws+"/read/no", 0o755)
					_ = put(ws+"/write/flood", "x")
					_ = unix.Rename(ws+"/write/d", ws+"/write/e")
					_ = unix.Rename(ws+"/write/e", ws+"/write/d")
				}
			}()
		}
		select {}
	}
}
