// SPDX-License-Identifier: MIT

package codebase

import (
	"os"

	"golang.org/x/sys/unix"
)

// disk is all that writes to a file system, so that tests can see each of these
// calls fail.
type disk struct {
	noSync bool
	// fault, if any, is asked before each call. Its error is what the call
	// returns, without doing what it does.
	fault func(op string) error
}

func (d *disk) before(op string) error {
	if d.fault == nil {
		return nil
	}
	return d.fault(op)
}

// try does one call unless a fault is injected.
func (d *disk) try(op string, f func() error) error {
	if err := d.before(op); err != nil {
		return err
	}
	return f()
}

func (d *disk) mkdir(path string, mode uint32) error {
	return d.try("mkdir", func() error { return os.Mkdir(path, os.FileMode(mode)) })
}

func (d *disk) rename(from, to string) error {
	return d.try("rename", func() error { return os.Rename(from, to) })
}

func (d *disk) link(fromdir int, from string, todir int, to string) error {
	return d.try("link", func() error { return unix.Linkat(fromdir, from, todir, to, 0) })
}

// unlink removes a file. A missing one is no error.
func (d *disk) unlink(path string) error {
	return d.try("unlink", func() error {
		if err := unix.Unlink(path); err != nil && err != unix.ENOENT {
			return err
		}
		return nil
	})
}

// write writes all of b. A fault leaves half of it.
func (d *disk) write(f *os.File, b []byte) error {
	if err := d.before("write"); err != nil {
		_, _ = f.Write(b[:len(b)/2])
		return err
	}
	_, err := f.Write(b)
	return err
}

func (d *disk) fsync(f *os.File) error {
	if d.noSync {
		return nil
	}
	return d.try("fsync", f.Sync)
}

// syncDir makes the names in a directory survive.
func (d *disk) syncDir(path string) error {
	if d.noSync {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return d.fsync(f)
}

// syncAll makes all survive that was written to the file system of a path.
func (d *disk) syncAll(path string) error {
	if d.noSync {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return d.try("syncfs", func() error { return unix.Syncfs(int(f.Fd())) })
}
