// SPDX-License-Identifier: MIT

package fsguard

import (
	"io/fs"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// ReadDir lists a directory of the workspace as the sandbox sees it. A name
// that vanishes meanwhile is left out. None is the one that a file has while
// Place brings it in.
func (a *Attachment) ReadDir(path string) ([]fs.FileInfo, error) {
	f, err := a.OpenFile(path, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	return a.readDir(f)
}

// ReadDirBeneath is ReadDir for what lies beneath a directory, by its path from
// there ("a/b"), in which dots are EINVAL. No symlink is followed beneath it: that is
// ELOOP.
func (a *Attachment) ReadDirBeneath(dir, path string) ([]fs.FileInfo, error) {
	var f *os.File
	err := a.asUser(func(w *worker) error {
		for name := range strings.SplitSeq(path, "/") {
			if name == "" || name == "." || name == ".." {
				return unix.EINVAL
			}
		}
		p, err := a.hostPlace(dir)
		if err != nil {
			return err
		}
		rel := strings.TrimLeft(p.rel+"/"+path, "/")
		fd, err := a.openPlace(w, rel, unix.O_RDONLY|unix.O_DIRECTORY, 0)
		if err != nil {
			return err
		}
		f = os.NewFile(uintptr(fd), path)
		return nil
	})
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return a.readDir(f)
}

// readDir lists a directory and closes it. No names are moved while it is read.
func (a *Attachment) readDir(f *os.File) ([]fs.FileInfo, error) {
	defer f.Close()
	a.moves.RLock()
	names, err := f.Readdirnames(-1)
	a.moves.RUnlock()
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	names = slices.Compact(names) // one that is removed and made again may come twice
	list := make([]fs.FileInfo, 0, len(names))
	for _, name := range names {
		fi, err := os.Lstat(self(int(f.Fd())) + "/" + name)
		if err == nil {
			list = append(list, fi)
		}
	}
	return list, nil
}

// WriteFile writes a whole file of the workspace under the rules, and makes
// the directories above it. Where a name beside it may be written as well, the
// new content takes the file's place at once; else the file is written in place.
func (a *Attachment) WriteFile(path string, data []byte, perm fs.FileMode) error {
	if dir, _, ok := splitLast(strings.TrimLeft(path, "/")); ok && dir != "" {
		if err := a.MkdirAll(dir); err != nil {
			return err
		}
	}
	err := a.asUser(func(w *worker) error {
		for range maxTries {
			p, err := a.hostPlace(path)
			if err != nil {
				return err
			}
			if err := a.writePlace(w, p.rel, data, uint32(perm.Perm())); err != unix.ELOOP {
				return err
			}
		}
		return unix.ELOOP
	})
	if err != nil {
		return &fs.PathError{Op: "write", Path: path, Err: err}
	}
	return nil
}

// writePlace writes a canonical path. No child is forked while the file is open:
// it would have it open, too, until its exec, and a program would be busy
// (ETXTBSY). Nobody waits for a large file that cannot be executed.
func (a *Attachment) writePlace(w *worker, rel string, data []byte, perm uint32) error {
	hold := len(data) < large || perm&0o111 != 0 || a.holdsProgram(rel)
	return a.replace(w, rel, data, perm, hold)
}

// large is the size from which a file may take long to be written. Forks, and with
// them the other sandboxes, do not wait for that.
const large = 1 << 20

// holdsProgram reports whether there is something executable at a path.
func (a *Attachment) holdsProgram(rel string) bool {
	fd, err := a.openCover(rel, unix.O_PATH|unix.O_NOFOLLOW)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	return executable(fd)
}

// replace puts a new file in the place of the one that is there.
func (a *Attachment) replace(w *worker, rel string, data []byte, perm uint32, hold bool) error {
	dir, name, ok := splitLast(rel)
	if !ok {
		return unix.EISDIR
	}
	if a.work < 0 || a.policy.Level("/"+rel) != Write || a.policy.Level("/"+dir+temporaryName()) != Write {
		if hold {
			w.forks.take()
			defer w.forks.release()
		}
		return a.overwrite(w, rel, data, perm)
	}
	a.moves.RLock()
	defer a.moves.RUnlock()
	if hold { // after that, so that nobody who forks waits for a rename
		w.forks.take()
		defer w.forks.release()
	}
	parent, err := a.openBeneath(strings.TrimSuffix(dir, "/"), unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer unix.Close(parent)
	var st unix.Stat_t
	switch err := unix.Fstatat(parent, name, &st, unix.AT_SYMLINK_NOFOLLOW); {
	case err == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR:
		return unix.EISDIR
	case err == nil && st.Mode&unix.S_IFMT == unix.S_IFLNK:
		return unix.ELOOP
	case err == nil:
		perm = st.Mode & 0o777
	}
	w.setUmask(0o022)
	fd, temp, err := a.createTemporary(parent, dir, perm)
	if err != nil {
		return err
	}
	if err = writeAll(fd, data); err == nil && st.Ino != 0 {
		err = unix.Fchmod(fd, perm)
	}
	unix.Close(fd)
	if err == nil {
		err = unix.Renameat(parent, temp, parent, name)
	}
	if err != nil {
		_ = unix.Unlinkat(parent, temp, 0)
	}
	return err
}

// createTemporary makes an empty file with a name that nothing has, and that may be
// written, in a directory of the workspace: dir is its canonical path with a slash.
func (a *Attachment) createTemporary(parent int, dir string, perm uint32) (fd int, name string, err error) {
	name, err = withTemporaryName(func(name string) error {
		if a.policy.Level("/"+dir+name) != Write {
			return unix.EEXIST
		}
		const flags = unix.O_WRONLY | unix.O_CREAT | unix.O_EXCL | unix.O_NOFOLLOW | unix.O_CLOEXEC
		var err error
		fd, err = unix.Openat(parent, name, flags, perm)
		return err
	})
	return fd, name, err
}

func (a *Attachment) overwrite(w *worker, rel string, data []byte, perm uint32) error {
	fd, err := a.openPlace(w, rel, unix.O_WRONLY|unix.O_CREAT|unix.O_TRUNC, perm)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return writeAll(fd, data)
}

func writeAll(fd int, data []byte) error {
	for len(data) > 0 {
		n, err := unix.Write(fd, data)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}
