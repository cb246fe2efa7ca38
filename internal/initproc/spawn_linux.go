// SPDX-License-Identifier: MIT

package initproc

import (
	"errors"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/control"
)

// spawn starts a command as the leader of a session of its own. On failure it
// says which step failed and why.
func spawn(m *control.Exec, files []int) (pid int, step string, errno syscall.Errno) {
	if len(files) != 3 || len(m.Argv) == 0 {
		return 0, "exec", unix.EINVAL
	}
	if err := checkDir(m.Dir); err != nil {
		return 0, "chdir", errnoOf(err)
	}
	path, err := lookPath(m.Argv[0], m.Env, m.Dir)
	if err != nil {
		return 0, "exec", errnoOf(err)
	}
	pid, err = syscall.ForkExec(path, m.Argv, &syscall.ProcAttr{
		Dir:   m.Dir,
		Env:   m.Env,
		Files: []uintptr{uintptr(files[0]), uintptr(files[1]), uintptr(files[2])},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return 0, "exec", errnoOf(err)
	}
	return pid, "", 0
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
