// SPDX-License-Identifier: MIT

package fsguard

import (
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/thread"
)

// OpenFile opens a file of the workspace for the sandbox's owner, under the
// same rules as for its commands: what is hidden does not exist, what may only
// be viewed cannot be read, and only what may be written can be changed. The
// path is absolute in the workspace ("/a/b"). Symlinks are followed as in the
// sandbox, and never out of the workspace.
func (a *Attachment) OpenFile(path string, flags int, mode fs.FileMode) (*os.File, error) {
	var f *os.File
	err := a.asUser(func(w *worker) error {
		fd, err := a.openHost(w, path, flags, uint32(mode.Perm()))
		if err != nil {
			return err
		}
		f = os.NewFile(uintptr(fd), path)
		return nil
	})
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return f, nil
}

// MkdirAll makes a directory of the workspace, and those above it, under the rules.
func (a *Attachment) MkdirAll(path string) error {
	err := a.asUser(func(w *worker) error { return a.mkdirAll(w, strings.Trim(path, "/")) })
	if err != nil {
		return &fs.PathError{Op: "mkdir", Path: path, Err: err}
	}
	return nil
}

func (a *Attachment) mkdirAll(w *worker, path string) error {
	if path == "" {
		return nil
	}
	p, err := a.hostPlace("/" + path)
	if err == unix.ENOENT { // what it is in does not exist either
		dir, _, _ := splitLast(path)
		if err := a.mkdirAll(w, strings.Trim(dir, "/")); err != nil {
			return err
		}
		p, err = a.hostPlace("/" + path)
	}
	if err != nil {
		return err
	}
	fd, err := a.openCover(p.rel, unix.O_PATH|unix.O_DIRECTORY)
	if err == nil {
		unix.Close(fd)
		return nil
	}
	if err != unix.ENOENT {
		return err
	}
	return a.makeDir(w, p.rel)
}

// makeDir makes a directory at a canonical path.
func (a *Attachment) makeDir(w *worker, rel string) error {
	if a.work < 0 || a.policy.Level("/"+rel) != Write {
		return unix.EACCES
	}
	a.moves.RLock()
	defer a.moves.RUnlock()
	dir, name, _ := splitLast(rel)
	parent, err := a.openBeneath(strings.Trim(dir, "/"), unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer unix.Close(parent)
	w.setUmask(0o022)
	a.births.Lock()
	defer a.births.Unlock()
	if err := unix.Mkdirat(parent, name, 0o777); err != unix.EEXIST {
		return err
	}
	return nil
}

func (a *Attachment) openHost(w *worker, path string, flags int, mode uint32) (int, error) {
	for range maxTries {
		p, err := a.hostPlace(path)
		if err != nil {
			return -1, err
		}
		fd, err := a.openPlace(w, p.rel, flags, mode)
		if err != unix.ELOOP {
			return fd, err
		}
	}
	return -1, unix.ELOOP
}

// hostPlace resolves a path of the workspace.
func (a *Attachment) hostPlace(path string) (place, error) {
	w := walker{a: a, at: a.door.Target, floor: a.door.Target}
	p, errno := w.run(strings.TrimLeft(path, "/"), true)
	if errno == unix.EINTR && a.closed.Load() {
		return place{}, ErrGuardClosed
	}
	if errno != 0 {
		return place{}, errno
	}
	if !p.inside {
		return place{}, unix.EXDEV
	}
	return p, nil
}

func (a *Attachment) openPlace(w *worker, rel string, flags int, mode uint32) (int, error) {
	level := a.policy.Level("/" + rel)
	if flags&changing != 0 {
		if level != Write || a.work < 0 {
			if fd, err := a.openCover(rel, unix.O_PATH|unix.O_NOFOLLOW); err == nil {
				unix.Close(fd)
				return -1, unix.EACCES
			} else if err != unix.ENOENT || flags&unix.O_CREAT == 0 {
				return -1, err
			}
			return -1, unix.EACCES
		}
		w.setUmask(0o022)
		a.moves.RLock()
		defer a.moves.RUnlock()
		if flags&unix.O_CREAT == 0 {
			mode = 0
		}
		return a.openBeneath(rel, flags|unix.O_NONBLOCK, mode)
	}
	fd, err := a.openCover(rel, flags|unix.O_NONBLOCK)
	if err != nil || level >= Read {
		return fd, err
	}
	// A directory lists what is visible of it, whatever its own level.
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR {
		return fd, nil
	}
	unix.Close(fd)
	return -1, unix.EACCES
}

// Mounted reports whether the workspace is where it was when the sandbox was attached.
// When the last of its processes has ended, its mounts go, and what is then not found
// says nothing.
func (a *Attachment) Mounted() bool { return a.coverID == 0 || a.coverNow() == a.coverID }

// coverNow is the ID of the mount that the sandbox sees, 0 if it cannot be told.
func (a *Attachment) coverNow() uint64 {
	fd, err := a.openCover("", unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return 0
	}
	defer unix.Close(fd)
	id, err := mountID(fd)
	if err != nil {
		return 0
	}
	return id
}

// openCover opens a canonical path of the workspace as the sandbox sees it.
func (a *Attachment) openCover(rel string, flags int) (int, error) {
	path := strings.TrimLeft(a.door.Target, "/")
	if rel != "" {
		path += "/" + rel
	}
	return unix.Openat2(a.root, path, &unix.OpenHow{
		Flags:   uint64(flags | unix.O_CLOEXEC),
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	})
}

// asUser runs something as the sandbox's user, on a thread that ends with it.
// The files of the door stay open meanwhile.
func (a *Attachment) asUser(do func(w *worker) error) (err error) {
	if !a.hold() {
		return ErrGuardClosed
	}
	defer a.inside.Done()
	thread.Discard(func() {
		w := &worker{guard: a.guard, umask: -1}
		a.guard.watch.add(w)
		defer a.guard.watch.remove(w)
		w.begin(nil)
		if err = w.become(a.guard.owner); err == nil {
			err = do(w)
		}
	})
	return err
}
