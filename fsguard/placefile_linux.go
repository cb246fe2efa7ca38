// SPDX-License-Identifier: MIT

package fsguard

import (
	"io"

	"golang.org/x/sys/unix"
)

// file places a regular file. It is written while it has no name, so that
// commands go on meanwhile; where the file system cannot do that, they wait.
func (p *placer) file() error {
	fd, err := p.unnamed()
	switch err {
	case nil:
		defer unix.Close(fd)
		return p.put(func(dir int, name string) error {
			return unix.Linkat(unix.AT_FDCWD, self(fd), dir, name, unix.AT_SYMLINK_FOLLOW)
		})
	case unix.EOPNOTSUPP, unix.EISDIR, unix.EINVAL, unix.EACCES: // or the root is closed
		defer p.holdForks()()
		return p.put(p.named)
	}
	return err
}

// unnamed writes a file without a name. It is returned open as a path: nobody
// has it open for writing any more, which would keep it from being executed.
func (p *placer) unnamed() (int, error) {
	defer p.holdForks()()
	fd, err := p.a.openBeneath("", unix.O_TMPFILE|unix.O_RDWR, 0o600)
	if err != nil {
		return -1, err
	}
	defer unix.Close(fd)
	if err := p.fill(fd); err != nil {
		return -1, err
	}
	return unix.Open(self(fd), unix.O_PATH|unix.O_CLOEXEC, 0)
}

func (p *placer) named(dir int, name string) error {
	fd, err := unix.Openat(dir, name, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err = p.fill(fd); err != nil {
		_ = unix.Unlinkat(dir, name, 0)
	}
	return err
}

// holdForks keeps children from being forked, which would have the file open
// until their exec, too. It returns what lets them. As with WriteFile, nobody
// waits for a large file that cannot be executed.
func (p *placer) holdForks() func() {
	if p.what.Size >= large && p.what.Mode&0o111 == 0 {
		return func() {}
	}
	p.w.forks.take()
	return p.w.forks.release
}

// fill makes an empty file what is to be placed.
func (p *placer) fill(fd int) error {
	mode := uint32(p.what.Mode.Perm())
	var err error
	if p.what.Placeholder {
		mode = 0
		err = unix.Ftruncate(fd, p.what.Size)
	} else if p.what.Content != nil {
		err = p.write(fd)
	}
	if err != nil {
		return err
	}
	if err := unix.Fchmod(fd, mode); err != nil || p.what.ModTime.IsZero() {
		return err
	}
	t, err := unix.TimeToTimespec(p.what.ModTime)
	if err != nil {
		return err
	}
	return unix.UtimesNanoAt(unix.AT_FDCWD, self(fd), []unix.Timespec{t, t}, 0)
}

func (p *placer) write(fd int) error {
	buf := make([]byte, min(p.what.Size, 256<<10))
	for at := int64(0); at < p.what.Size; {
		n, err := p.what.Content.ReadAt(buf[:min(int64(len(buf)), p.what.Size-at)], at)
		if err := writeAll(fd, buf[:n]); err != nil {
			return err
		}
		at += int64(n)
		switch {
		case at == p.what.Size:
			return nil
		case err == io.EOF:
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		}
	}
	return nil
}
