// SPDX-License-Identifier: MIT

package ledgertest

import (
	"os"

	"golang.org/x/sys/unix"
)

// componentRaces exchanges what a path leads through, at every depth, for a symlink
// to the directory of level read that has the same names.
func componentRaces() []try {
	const n = 5
	intact := []func() error{has(ws+"/read/a/b/c/file", "read"), lacks(ws + "/read/a/b/c/made"), lacks(ws + "/read/a/b/c/link")}
	exchanged := func(name, component, up string) try {
		return attempt(name, "held", func() (string, error) {
			other := afresh(up)
			return raced(race(n, exchange(component, other), func() []error { return beneath(ws + "/write/a/b/c") }), intact...)
		})
	}
	return []try{
		exchanged("the first component", ws+"/write/a", "../read/a"),
		exchanged("the one in the middle", ws+"/write/a/b", ws+"/read/a/b"),
		exchanged("the directory", ws+"/write/a/b/c", "/proc/self/root"+ws+"/read/a/b/c"),
		attempt("the file itself", "held", func() (string, error) {
			other := afresh(ws + "/read/a/b/c/file")
			return raced(race(n, exchange(ws+"/write/a/b/c/file", other), func() []error {
				return []error{put(ws+"/write/a/b/c/file", "write"), unix.Truncate(ws+"/write/a/b/c/file", 1), unix.Link(ws+"/write/a/b/c", ws+"/write/no")}
			}), intact...)
		}),
		attempt("a symlink outside the workspace, which the kernel exchanges", "held", func() (string, error) {
			afresh("nowhere")
			for name, to := range map[string]string{"/tmp/way": ws + "/write", "/tmp/other": ws + "/read"} {
				_ = unix.Unlink(name)
				_ = unix.Symlink(to, name)
			}
			return raced(race(n, exchange("/tmp/way", "/tmp/other"), func() []error { return beneath("/tmp/way/a/b/c") }), intact...)
		}),
	}
}

// afresh makes the directories that are raced for, and the symlink to exchange.
func afresh(target string) (link string) {
	link = ws + "/write/other"
	_ = os.RemoveAll(ws + "/write/a")
	_ = os.RemoveAll(link)
	_ = os.MkdirAll(ws+"/write/a/b/c", 0o755)
	_ = put(ws+"/write/a/b/c/file", "write")
	_ = unix.Symlink(target, link)
	return link
}

func exchange(one, other string) func(int) {
	return func(int) { _ = unix.Renameat2(unix.AT_FDCWD, one, unix.AT_FDCWD, other, unix.RENAME_EXCHANGE) }
}

// beneath makes all kinds of changes in a directory, whose file is read from then on.
func beneath(dir string) []error {
	file, made, link := dir+"/file", dir+"/made", dir+"/link"
	fd, err := unix.Open(dir+"/file", unix.O_RDWR|unix.O_APPEND|unix.O_CLOEXEC, 0)
	if err == nil {
		_, err = unix.Write(fd, []byte("attacked"))
		unix.Close(fd)
	}
	return []error{
		err,
		put(made, "x"), unix.Unlink(made),
		unix.Mkdir(made, 0o755), unix.Rmdir(made),
		unix.Symlink("x", link), unix.Unlink(link),
		unix.Link(file, link), unix.Unlink(link),
		unix.Rename(file, made), unix.Rename(made, file),
		unix.Truncate(file, 2), unix.Chmod(file, 0o640), unix.Utimes(file, make([]unix.Timeval, 2)),
		unix.Setxattr(file, "user.x", []byte("v"), 0),
	}
}

// directoryRaces changes what relative paths start at: the working directory and a
// descriptor's number, which threads share.
func directoryRaces() []try {
	const n = 2
	intact := has(ws+"/read/file", "read")
	attacks := func(dir int) []error {
		fd, err := unix.Openat(dir, "file", unix.O_WRONLY|unix.O_CREAT|unix.O_CLOEXEC, 0o644)
		if err == nil {
			_, err = unix.Write(fd, []byte("attacked"))
			unix.Close(fd)
		}
		return []error{
			err,
			unix.Mkdirat(dir, "made", 0o755), unix.Unlinkat(dir, "made", unix.AT_REMOVEDIR),
			unix.Fchmodat(dir, "file", 0o600, 0), unix.Unlinkat(dir, "file", 0),
			unix.Linkat(dir, "file", dir, "made", 0), unix.Unlinkat(dir, "made", 0),
		}
	}
	dirs := [2]string{ws + "/write", ws + "/read"}
	return []try{
		attempt("the working directory", "held", func() (string, error) {
			err := race(n, func(i int) { _ = unix.Chdir(dirs[i%2]) }, func() []error { return attacks(unix.AT_FDCWD) })
			return raced(err, intact, lacks(ws+"/read/made"))
		}),
		attempt("the directory behind a descriptor", "held", func() (string, error) {
			var fds [2]int
			for i, dir := range dirs {
				fd, err := unix.Open(dir, unix.O_PATH|unix.O_CLOEXEC, 0)
				if err != nil {
					return "", err
				}
				fds[i] = fd
			}
			dir, err := unix.FcntlInt(uintptr(fds[0]), unix.F_DUPFD_CLOEXEC, 100)
			if err != nil {
				return "", err
			}
			err = race(n, func(i int) { _ = unix.Dup3(fds[i%2], dir, unix.O_CLOEXEC) }, func() []error { return attacks(dir) })
			return raced(err, intact, lacks(ws+"/read/made"))
		}),
	}
}
