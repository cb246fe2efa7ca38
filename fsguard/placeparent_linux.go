// SPDX-License-Identifier: MIT

package fsguard

import (
	"slices"

	"golang.org/x/sys/unix"
)

// exclusively acts while nothing else is done to the names of the workspace.
func (p *placer) exclusively(act func() error) error {
	p.a.moves.Lock()
	defer p.a.moves.Unlock()
	p.alone = true
	defer func() {
		p.shutAgain()
		p.alone = false
	}()
	return act()
}

// parent opens the directory in which something is placed. Unless it is to be
// taken away, what is missing of the way there is made.
func (p *placer) parent() (int, error) {
	dir, err := p.a.openBeneath("", unix.O_PATH|unix.O_DIRECTORY, 0)
	for _, name := range p.dirs {
		if err != nil {
			break
		}
		var next int
		next, err = p.enter(dir, name)
		unix.Close(dir)
		dir = next
	}
	return dir, err
}

func (p *placer) enter(dir int, name string) (int, error) {
	for try := 0; ; try++ {
		fd, err := unix.Openat2(dir, name, &unix.OpenHow{
			Flags: unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: exact,
		})
		switch {
		case (err == unix.EINTR || err == unix.EAGAIN) && try < maxTries:
			continue
		case err == unix.ENOENT && !p.what.Gone && try < maxTries:
			if err = unix.Mkdirat(dir, name, 0o755); err == nil || err == unix.EEXIST || err == unix.EACCES && p.admit(dir) {
				continue
			}
		case err == unix.EACCES && p.admit(dir):
			continue
		}
		return fd, err
	}
}

// shutDir is a directory that keeps the sandbox's user out, by its mode.
type shutDir struct {
	fd   int
	mode uint32
}

// admit opens such a directory up, for as long as nobody else can make use of
// that. It reports whether that changed anything.
func (p *placer) admit(dir int) bool {
	var st unix.Stat_t
	if !p.alone || unix.Fstat(dir, &st) != nil || st.Mode&0o700 == 0o700 || unix.Chmod(self(dir), st.Mode&0o7777|0o700) != nil {
		return false
	}
	fd, err := unix.FcntlInt(uintptr(dir), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		_ = unix.Chmod(self(dir), st.Mode&0o7777)
		return false
	}
	p.shut = append(p.shut, shutDir{fd, st.Mode & 0o7777})
	return true
}

func (p *placer) shutAgain() {
	for _, s := range slices.Backward(p.shut) {
		_ = unix.Chmod(self(s.fd), s.mode)
		unix.Close(s.fd)
	}
	p.shut = nil
}
