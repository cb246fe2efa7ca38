// SPDX-License-Identifier: MIT

package ledgertest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// procSelf goes round by the magic links that /proc has for the process itself.
func procSelf() []try {
	reopen := func(path string, how, again int) func() (string, error) {
		return func() (string, error) {
			fd, err := unix.Open(path, how|unix.O_CLOEXEC, 0)
			if err != nil {
				return "", err
			}
			defer unix.Close(fd)
			return opens(fmt.Sprintf("/proc/self/fd/%d", fd), again)()
		}
	}
	return []try{
		guarded("writing level read by root", "EROFS", "ENOSYS", puts("/proc/self/root"+ws+"/read/file")),
		guarded("writing level read by cwd", "EROFS", "ENOSYS", func() (string, error) {
			if err := unix.Chdir(ws + "/read"); err != nil {
				return "", err
			}
			defer func() { _ = unix.Chdir(ws) }()
			return "", put("/proc/self/cwd/file", "attacked")
		}),
		guarded("writing level read by a thread's root", "EROFS", "ENOSYS", puts("/proc/thread-self/root"+ws+"/read/file")),
		guarded("writing level read by a task's root", "EROFS", "ENOSYS", func() (string, error) {
			return "", put(fmt.Sprintf("/proc/self/task/%d/root%s/read/file", unix.Gettid(), ws), "attacked")
		}),
		attempt("reading level none by root", "ENOENT", cats("/proc/self/root"+ws+"/mix/none")),
		attempt("reading level view by root", "EACCES", cats("/proc/self/root"+ws+"/mix/view")),
		guarded("a descriptor for reading, again for writing", "EROFS", "ENOSYS", reopen(ws+"/read/file", unix.O_RDONLY, unix.O_RDWR)),
		guarded("a descriptor of a path, again for writing", "EROFS", "ENOSYS", reopen(ws+"/read/file", unix.O_PATH, unix.O_WRONLY)),
		guarded("a descriptor of a path, again for truncating", "EROFS", "ENOSYS", reopen(ws+"/read/file", unix.O_PATH, unix.O_RDONLY|unix.O_TRUNC)),
		attempt("a descriptor of a path of level view, again for reading", "EACCES", reopen(ws+"/mix/view", unix.O_PATH, unix.O_RDONLY)),
		guarded("a shared mapping, written by mem", "EIO", "ENOSYS", mapped),
		attempt("a mapping by map_files", "EPERM|ENOENT|EACCES", mapFiles),
		attempt("a shared mapping, made writable", "EACCES", func() (string, error) {
			m, done, err := mapping()
			if err != nil {
				return "", err
			}
			defer done()
			return "", unix.Mprotect(m, unix.PROT_READ|unix.PROT_WRITE)
		}),
	}
}

// mapping maps a file of level read.
func mapping() (m []byte, done func(), err error) {
	fd, err := unix.Open(ws+"/read/file", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	defer unix.Close(fd)
	m, err = unix.Mmap(fd, 0, 4, unix.PROT_READ, unix.MAP_SHARED)
	return m, func() { _ = unix.Munmap(m) }, err
}

// mapped writes to the mapping past its protection, as a debugger would.
func mapped() (string, error) {
	m, done, err := mapping()
	if err != nil {
		return "", err
	}
	defer done()
	fd, err := unix.Open("/proc/self/mem", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	_, err = unix.Pwrite(fd, []byte("evil"), int64(address(m)))
	return "", err
}

func mapFiles() (string, error) {
	links, _ := filepath.Glob("/proc/self/map_files/*")
	for _, l := range links {
		fd, err := unix.Open(l, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return "", err
		}
		unix.Close(fd)
	}
	return "", unix.ENOENT
}

// procOne looks into the init, which has seen more of the host than its commands.
func procOne() []try {
	var tries []try
	for _, name := range []string{"mem", "environ", "auxv", "maps", "smaps", "stack", "syscall", "pagemap", "io"} {
		tries = append(tries, attempt("reading "+name, "EACCES|EPERM", cats("/proc/1/"+name)))
	}
	for _, name := range []string{"root", "cwd", "exe", "fd/0", "fd/3", "ns/mnt", "task/1/root"} {
		tries = append(tries, attempt("the link "+name, "EACCES|EPERM", func() (string, error) {
			_, err := os.Readlink("/proc/1/" + name)
			return "", err
		}))
		tries = append(tries, attempt("opening "+name, "EACCES|EPERM", opens("/proc/1/"+name, unix.O_RDONLY)))
	}
	return append(tries,
		attempt("reading by its root", "EACCES", cats("/proc/1/root/etc/passwd")),
		guarded("writing level read by its root", "EACCES", "ENOSYS", puts("/proc/1/root"+ws+"/read/file")),
		guarded("writing level read by its directory", "EACCES", "ENOSYS", puts("/proc/1/cwd/read/file")),
		guarded("writing its mem", "EACCES", "ENOSYS", puts("/proc/1/mem")),
		// EINVAL is what the root of an image is told: it may raise that score.
		guarded("its oom_score_adj", "EACCES|EROFS|EINVAL", "ENOSYS", puts("/proc/1/oom_score_adj")),
		attempt("its threads' memory", "EACCES|EPERM", func() (string, error) {
			for _, tid := range initThreads() {
				if _, err := cat(fmt.Sprintf("/proc/1/task/%d/mem", tid)); err != unix.EACCES {
					return "", err
				}
			}
			return "", unix.EACCES
		}),
	)
}

// initThreads are the numbers of the init's threads.
func initThreads() (tids []int) {
	names, _ := os.ReadDir("/proc/1/task")
	for _, n := range names {
		if tid, err := strconv.Atoi(n.Name()); err == nil {
			tids = append(tids, tid)
		}
	}
	return tids
}

// initTraced takes the init over, or what it holds.
func initTraced() []try {
	const attach, seize = 16, 0x4206
	pidfd := func() (uintptr, error) {
		fd, err := unix.Open("/proc/1", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		return uintptr(fd), err
	}
	return []try{
		attempt("ptrace attach", "EPERM", makes("ptrace", attach, 1, 0, 0)),
		attempt("ptrace seize", "EPERM", makes("ptrace", seize, 1, 0, 0)),
		attempt("ptrace of its threads", "EPERM", eachThread("ptrace", func(tid uintptr) []uintptr { return []uintptr{seize, tid, 0, 0} })),
		attempt("process_vm_readv", "EPERM", makes("process_vm_readv", 1, room(), 1, room(), 1, 0)),
		attempt("process_vm_writev", "EPERM", makes("process_vm_writev", 1, room(), 1, room(), 1, 0)),
		attempt("pidfd_open", "EPERM", makes("pidfd_open", 1, 0)),
		attempt("pidfd_getfd by its directory in /proc", "EPERM", func() (string, error) {
			fd, err := pidfd()
			if err != nil {
				return "", err
			}
			defer unix.Close(int(fd))
			_, err = sys("pidfd_getfd", fd, 3, 0)
			return "", err
		}),
		attempt("kcmp", "EPERM", makes("kcmp", 1, 1, 0, 3, 3)),
		attempt("setns to its namespaces by a descriptor", "EPERM", func() (string, error) {
			fd, err := pidfd()
			if err != nil {
				return "", err
			}
			defer unix.Close(int(fd))
			_, err = sys("setns", fd, unix.CLONE_NEWNS)
			return "", err
		}),
		attempt("SIGKILL by its number", "EPERM", makes("kill", 1, uintptr(unix.SIGKILL))),
		attempt("SIGKILL by a descriptor, which the kernel drops", "ok|EPERM|EACCES", func() (string, error) {
			fd, err := pidfd()
			if err != nil {
				return "", err
			}
			defer unix.Close(int(fd))
			_, err = sys("pidfd_send_signal", fd, uintptr(unix.SIGKILL), 0, 0)
			return "", err
		}),
		attempt("a limit of its own, by its number", "EPERM", makes("prlimit64", 1, unix.RLIMIT_NOFILE, 0, room())),
		attempt("a seccomp listener of one's own", "EPERM", makes("seccomp", 1, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, room())),
	}
}

// eachThread makes a call for each of the init's threads, and gives the last error,
// unless one of them succeeds.
func eachThread(name string, args func(tid uintptr) []uintptr) func() (string, error) {
	return func() (_ string, last error) {
		for _, tid := range initThreads() {
			if _, last = sys(name, args(uintptr(tid))...); last == nil {
				return "done", nil
			}
		}
		return "", last
	}
}
