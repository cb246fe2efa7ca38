// SPDX-License-Identifier: MIT

package ledgertest

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// hiddenNames asks about a name of level none, and about one that nobody has used:
// the answers are the same, and take as long.
func hiddenNames() []try {
	tries := make([]try, 0, len(questions)+3)
	for _, q := range questions {
		dead := ""
		if q.guards {
			dead = "ENOSYS"
		}
		tries = append(tries, guarded(q.name, q.want, dead, func() (string, error) {
			free, hidden := outcome("", q.ask(ws+"/mix/none.free")), outcome("", q.ask(ws+"/mix/none"))
			if directory := outcome("", q.ask(ws+"/mix/none.d")); free != hidden || free != directory {
				return "", fmt.Errorf("free: %s, hidden: %s, a directory: %s", free, hidden, directory)
			}
			return hidden, nil
		}))
	}
	return append(tries,
		attempt("listing the directory", "not there", func() (string, error) {
			names, err := os.ReadDir(ws + "/mix")
			for _, n := range names {
				if strings.HasPrefix(n.Name(), "none") {
					return "", errors.New(n.Name())
				}
			}
			return "not there", err
		}),
		attempt("the time that a look takes", "alike", func() (string, error) { return alike(questions[0].ask) }),
		attempt("the time that an attempt to make it takes", "alike", func() (string, error) {
			return alike(func(path string) error { return unix.Mkdir(path, 0o755) })
		}),
	)
}

// questions are ways to ask about a name; guards says that the guard is asked.
var questions = []struct {
	name, want string
	guards     bool
	ask        func(path string) error
}{
	{"lstat", "ENOENT", false, func(p string) error { return unix.Lstat(p, new(unix.Stat_t)) }},
	{"stat", "ENOENT", false, func(p string) error { return unix.Stat(p, new(unix.Stat_t)) }},
	{"statx", "ENOENT", false, func(p string) error { return unix.Statx(unix.AT_FDCWD, p, 0, unix.STATX_ALL, new(unix.Statx_t)) }},
	{"access", "ENOENT", false, func(p string) error { return unix.Access(p, unix.F_OK) }},
	{"access for writing", "ENOENT", true, func(p string) error { return unix.Access(p, unix.W_OK) }},
	{"readlink", "ENOENT", false, func(p string) error { _, err := unix.Readlink(p, make([]byte, 10)); return err }},
	{"statfs", "ENOENT", false, func(p string) error { return unix.Statfs(p, new(unix.Statfs_t)) }},
	{"inotify", "ENOENT", false, watch},
	{"chdir", "ENOENT", false, unix.Chdir},
	{"a path", "ENOENT", false, func(p string) error { _, err := unix.Open(p, unix.O_PATH, 0); return err }},
	{"something beneath", "ENOENT", false, func(p string) error { return unix.Access(p+"/file", unix.F_OK) }},
	{"and up again", "ENOENT", false, func(p string) error { return unix.Access(p+"/..", unix.F_OK) }},
	{"execve", "ENOENT", false, func(p string) error { return unix.Exec(p, []string{p}, nil) }},
	{"getxattr", "ENOENT", false, func(p string) error { _, err := unix.Getxattr(p, "user.x", nil); return err }},
	{"listxattr", "ENOENT", false, func(p string) error { _, err := unix.Listxattr(p, nil); return err }},
	{"connect", "ENOENT", false, dial},
	{"rename onto it", "EROFS", true, func(p string) error { return unix.Rename(ws+"/write/file", p) }},
	{"rename onto it, if it is free", "EROFS", true, func(p string) error {
		return unix.Renameat2(unix.AT_FDCWD, ws+"/write/file", unix.AT_FDCWD, p, unix.RENAME_NOREPLACE)
	}},
	{"rename of it", "EROFS", true, func(p string) error { return unix.Rename(p, ws+"/write/other") }},
	{"link onto it", "EROFS", true, func(p string) error { return unix.Link(ws+"/write/file", p) }},
	{"mkdir", "EROFS", true, func(p string) error { return unix.Mkdir(p, 0o755) }},
	{"rmdir", "EROFS", true, unix.Rmdir},
	{"unlink", "EROFS", true, unix.Unlink},
	{"symlink onto it", "EROFS", true, func(p string) error { return unix.Symlink("x", p) }},
	{"a socket", "EROFS", true, bind},
	{"a file, if it is free", "EROFS", true, func(p string) error {
		_, err := unix.Open(p, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY, 0o644)
		return err
	}},
	{"truncate", "ENOENT", true, func(p string) error { return unix.Truncate(p, 0) }},
	{"chmod", "ENOENT", true, func(p string) error { return unix.Chmod(p, 0o644) }},
	{"utimes", "ENOENT", true, func(p string) error { return unix.Utimes(p, make([]unix.Timeval, 2)) }},
	{"setxattr", "ENOENT", true, func(p string) error { return unix.Setxattr(p, "user.x", []byte("x"), 0) }},
}

func watch(path string) error {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	_, err = unix.InotifyAddWatch(fd, path, unix.IN_ALL_EVENTS)
	return err
}

// alike compares, by the medians of many turns, how long a question takes of a name
// that is hidden and of one that is free. One of several comparisons has to come
// out well: others use the machine too.
func alike(ask func(path string) error) (string, error) {
	const turns, bound = 400, 2.0
	paths := [2]string{ws + "/mix/none", ws + "/mix/none.free"}
	ratio := 0.0
	for range 10 {
		var took [2][]time.Duration
		for range turns {
			for i, path := range paths {
				began := time.Now()
				_ = ask(path)
				took[i] = append(took[i], time.Since(began))
			}
		}
		for i := range took {
			slices.Sort(took[i])
		}
		ratio = float64(took[0][turns/2]+1) / float64(took[1][turns/2]+1)
		if ratio < bound && ratio > 1/bound {
			return "alike", nil
		}
	}
	return "", fmt.Errorf("the hidden name takes %.2f times as long as the free one", ratio)
}
