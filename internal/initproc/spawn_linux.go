// SPDX-License-Identifier: MIT

package initproc

import (
	"errors"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/control"
)

// spawn starts a command as the leader of a session of its own. On failure it
// says which step failed and why. The command has the score of commands.
func spawn(m *control.Exec, files []int, score *score) (pid int, step string, errno syscall.Errno) {
	if len(files) < 3 || len(m.Argv) == 0 {
		return 0, "exec", unix.EINVAL
	}
	if err := checkDir(m.Dir); err != nil {
		return 0, "chdir", errnoOf(err)
	}
	if slices.Min(files) < len(files) {
		var err error
		files, err = clearOf(files, len(files))
		defer control.CloseFiles(files)
		if err != nil {
			return 0, "exec", errnoOf(err)
		}
	}
	im, err := newImage(m, files)
	if err != nil {
		return 0, "exec", errnoOf(err)
	}
	defer score.forCommand()()
	if pid, errno = fork(im); errno != 0 {
		return 0, "exec", errno
	}
	return pid, "", 0
}

// clearOf duplicates files to descriptors from n on: dup3(2) to the lower ones
// then overwrites none that is still needed.
func clearOf(files []int, n int) ([]int, error) {
	var clear []int
	for _, fd := range files {
		d, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, n)
		if err != nil {
			return clear, err
		}
		clear = append(clear, d)
	}
	return clear, nil
}

func newImage(m *control.Exec, files []int) (*image, error) {
	path, err := lookPath(m.Argv[0], m.Env, m.Dir)
	if err != nil {
		return nil, err
	}
	var own unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &own); err != nil {
		return nil, err
	}
	im := &image{files: files, tty: m.TTY, limit: commandFiles(own.Max, m.OpenFiles)}
	if im.path, err = syscall.BytePtrFromString(path); err != nil {
		return nil, err
	}
	if im.dir, err = syscall.BytePtrFromString(m.Dir); err != nil {
		return nil, err
	}
	argv, err := syscall.SlicePtrFromStrings(m.Argv)
	if err != nil {
		return nil, err
	}
	envv, err := syscall.SlicePtrFromStrings(m.Env)
	if err != nil {
		return nil, err
	}
	im.argv, im.envv = &argv[0], &envv[0]
	return im, nil
}

func checkDir(dir string) error {
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return unix.ENOTDIR
	}
	return unix.Access(dir, unix.X_OK)
}

// lookPath finds a program as execvp(3) would, in the command's own PATH.
func lookPath(name string, env []string, dir string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	found := error(unix.ENOENT)
	for _, d := range strings.Split(getenv(env, "PATH"), ":") {
		if !strings.HasPrefix(d, "/") {
			d = dir + "/" + d
		}
		path := d + "/" + name
		var st unix.Stat_t
		if unix.Stat(path, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
			continue
		}
		if unix.Access(path, unix.X_OK) == nil {
			return path, nil
		}
		found = unix.EACCES
	}
	return "", found
}

// getenv returns the last value of a variable: what most programs would see.
func getenv(env []string, key string) string {
	value := ""
	for _, kv := range env {
		if v, ok := strings.CutPrefix(kv, key+"="); ok {
			value = v
		}
	}
	return value
}

func errnoOf(err error) syscall.Errno {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return unix.EIO
}
