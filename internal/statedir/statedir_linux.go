// SPDX-License-Identifier: MIT

// Package statedir holds the directory in which a process keeps its sandboxes:
// snapshots, masks and deltas. It has one owner at a time.
package statedir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// prefix begins the names of temporary state directories.
const prefix = "sandbox-state-"

// Dir is an owned state directory.
type Dir struct {
	Path      string
	lock      *os.File
	temporary bool
	janitor   *exec.Cmd
	hold      *os.File // keeps the janitor waiting
}

// Open takes an explicit directory, made if it is missing.
func Open(path string) (*Dir, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	if err := suitable(path); err != nil {
		return nil, err
	}
	lock, err := acquire(path, os.O_CREATE)
	if err != nil {
		return nil, err
	}
	return &Dir{Path: path, lock: lock}, nil
}

// bases are where a temporary directory may be made, the preferred place first.
func bases() []string { return []string{os.TempDir(), "/var/tmp", "/dev/shm"} }

// Place is the directory in which Temporary would make one. When none is
// suitable it is the preferred one, with the reason why it is not.
func Place() (string, error) {
	var first error
	for _, base := range bases() {
		err := suitable(base)
		if err == nil {
			return base, nil
		}
		if first == nil {
			first = err
		}
	}
	return bases()[0], first
}

// Temporary makes a directory that goes with the process, and collects those
// of processes that are gone.
func Temporary() (*Dir, error) {
	var first error
	for _, base := range bases() {
		if err := suitable(base); err != nil {
			if first == nil {
				first = err
			}
			continue
		}
		collect(base)
		d, err := temporaryIn(base)
		if err == nil {
			return d, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

func temporaryIn(base string) (*Dir, error) {
	// It gets the name by which others find it once it is locked.
	unnamed, err := os.MkdirTemp(base, "."+prefix)
	if err != nil {
		return nil, err
	}
	lock, err := acquire(unnamed, os.O_CREATE)
	if err != nil {
		_ = os.RemoveAll(unnamed)
		return nil, err
	}
	path := filepath.Join(base, strings.TrimPrefix(filepath.Base(unnamed), "."))
	if err := os.Rename(unnamed, path); err != nil {
		_ = os.RemoveAll(unnamed)
		lock.Close()
		return nil, err
	}
	d := &Dir{Path: path, lock: lock, temporary: true}
	d.leaveJanitor()
	return d, nil
}

// leaveJanitor starts a shell that waits for this process to end, however it
// ends, and then removes the directory. What a sandbox made may have to be
// opened to its own owner first. Without a shell the next process
// collects it.
func (d *Dir) leaveJanitor() {
	r, w, err := os.Pipe()
	if err != nil {
		return
	}
	defer r.Close()
	cmd := exec.Command("/bin/sh", "-c", `read -r _; rm -rf -- "$1" || { chmod -R u+rwX -- "$1"; rm -rf -- "$1"; }`, "sandbox-janitor", d.Path)
	cmd.Stdin = r
	cmd.Env = []string{"PATH=/usr/bin:/bin"}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		w.Close()
		return
	}
	d.janitor, d.hold = cmd, w
}

// Close gives the directory up, and removes it if it was temporary.
func (d *Dir) Close() error {
	var err error
	if d.temporary {
		// Another process may be collecting it, from when its lock is gone.
		if err = tree.Remove(d.Path); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	if d.janitor != nil {
		_ = d.janitor.Process.Kill()
		_ = d.janitor.Wait()
		d.hold.Close()
	}
	// A child that is just being forked may hold the file a moment longer.
	_ = unix.Flock(int(d.lock.Fd()), unix.LOCK_UN)
	d.lock.Close()
	return err
}

// acquire locks a directory for this process. With O_CREATE among the flags
// the lock is made if it is missing.
func acquire(path string, flags int) (*os.File, error) {
	name := filepath.Join(path, "lock")
	f, err := os.OpenFile(name, os.O_RDWR|flags|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		holder := make([]byte, 32)
		n, _ := f.ReadAt(holder, 0)
		f.Close()
		if err != unix.EWOULDBLOCK {
			return nil, fmt.Errorf("locking state directory %s: %w", path, err)
		}
		pid, _ := strconv.Atoi(strings.TrimSpace(string(holder[:n])))
		return nil, &InUseError{Path: path, PID: pid}
	}
	if err := f.Truncate(0); err == nil {
		_, _ = f.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	}
	return f, nil
}

// collect removes the temporary directories whose processes are gone.
func collect(base string) {
	paths, _ := filepath.Glob(filepath.Join(base, prefix+"*"))
	for _, path := range paths {
		var st unix.Stat_t
		if unix.Lstat(path, &st) != nil || st.Uid != uint32(os.Geteuid()) || st.Mode&unix.S_IFMT != unix.S_IFDIR {
			continue
		}
		lock, err := acquire(path, 0)
		if err != nil {
			continue // in use, or only just being made
		}
		_ = tree.Remove(path)
		lock.Close()
	}
}

// suitable reports whether an overlay's upper layer can lie in a directory.
func suitable(path string) error {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return &os.PathError{Op: "statfs", Path: path, Err: err}
	}
	if st.Type == unix.OVERLAYFS_SUPER_MAGIC {
		return fmt.Errorf("state directory %s is on overlayfs, on which no overlay can be written (%w): choose one on another file system, such as a volume or a tmpfs", path, errors.ErrUnsupported)
	}
	return nil
}
