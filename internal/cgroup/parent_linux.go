// SPDX-License-Identifier: MIT

package cgroup

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/containerd/cgroups/v3"
	"golang.org/x/sys/unix"
)

// Options say what Open may do to find a place for groups.
type Options struct {
	// Delegated says that the process's own cgroup was delegated to it and is
	// for it and its children alone, which may be moved into a child of that:
	// cgroup v2 has limits only beneath a group that holds no processes itself.
	Delegated bool
}

// Parent is the directory, in each hierarchy, that holds the groups of one
// manager of sandboxes. Its methods may be called concurrently.
type Parent struct {
	version *version
	places  map[string]string // controller → directory
	reasons map[string]error  // controller → why there is none
	dirs    []*lockedDir      // the same ones, each once
}

// Open finds a place in which this process can make groups, removes what dead
// ones have left there, and makes a directory of its own. Where there is no
// such place the error says why and what would help; it matches
// errors.ErrUnsupported.
func Open(o Options) (*Parent, error) {
	l, err := inspect()
	if err != nil {
		return nil, err
	}
	switch cgroups.Mode() {
	case cgroups.Unified:
		return openV2(l, o)
	case cgroups.Legacy, cgroups.Hybrid:
		return openV1(l)
	}
	return nil, fmt.Errorf("no cgroups are mounted at %s (%w)", root, errors.ErrUnsupported)
}

// Collect removes what dead managers have left where this process would make
// groups. It is for managers that never call Open.
func Collect() {
	l, err := inspect()
	if err != nil {
		return
	}
	for _, dir := range placesOf(l) {
		collect(dir)
	}
}

// placesOf lists the directories in which a Parent may be made.
func placesOf(l layout) []string {
	var dirs []string
	if cgroups.Mode() == cgroups.Unified {
		for _, p := range placesV2(l[""]) {
			dirs = append(dirs, filepath.Join(root, p))
		}
		return dirs
	}
	for _, c := range controllers {
		if own, ok := l[c]; ok {
			dirs = append(dirs, filepath.Join(root, c, own), filepath.Join(root, c))
		}
	}
	return dirs
}

func inspect() (layout, error) {
	paths, unified, err := cgroups.ParseCgroupFileUnified("/proc/self/cgroup")
	if err != nil {
		return nil, fmt.Errorf("looking for the cgroup of this process: %w", err)
	}
	mountinfo, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("looking for the mounts of cgroups: %w", err)
	}
	return newLayout(paths, unified, string(mountinfo)), nil
}

// own takes the directory name in a place, unless it has it already.
func (p *Parent) own(place, name string) error {
	path := filepath.Join(place, name)
	for _, d := range p.dirs {
		if d.path == path {
			return nil
		}
	}
	collect(place)
	d, err := makeLocked(path)
	if err != nil {
		return fmt.Errorf("making a cgroup: %w", err)
	}
	p.dirs = append(p.dirs, d)
	return nil
}

// Close removes the directory, whose groups must be deleted before.
func (p *Parent) Close() error {
	var errs []error
	for _, d := range p.dirs {
		errs = append(errs, d.remove())
	}
	p.dirs = nil
	return errors.Join(errs...)
}

// prefix begins the names of parents' directories; 16 hexadecimal digits follow.
const prefix = "sandbox-"

func newName() (string, error) {
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", err
	}
	return prefix + hex.EncodeToString(b[:]), nil
}

func isName(name string) bool {
	id, ok := strings.CutPrefix(name, prefix)
	_, err := hex.DecodeString(id)
	return ok && len(id) == 16 && err == nil
}

// lockedDir is a directory whose lock says that its owner lives. The kernel
// lets go of the lock however the owner ends, and unlike a process number it
// means the same in every PID namespace.
type lockedDir struct {
	path string
	f    *os.File
}

// makeLocked makes a directory, or takes one that is there, and locks it. It
// fails when a collector was quicker.
func makeLocked(path string) (*lockedDir, error) {
	if err := os.Mkdir(path, 0o755); err != nil && !os.IsExist(err) {
		return nil, err
	}
	// It may have been removed before it was opened, or before it was locked.
	removed := &os.PathError{Op: "lock", Path: path, Err: unix.ESTALE}
	d, err := lock(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, removed
	}
	if err != nil {
		return nil, err
	}
	here, err := os.Stat(path)
	mine, err2 := d.f.Stat()
	if err != nil || err2 != nil || !os.SameFile(here, mine) {
		d.f.Close()
		return nil, removed
	}
	return d, nil
}

func lock(path string) (*lockedDir, error) {
	f, err := os.OpenFile(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, &os.PathError{Op: "lock", Path: path, Err: err}
	}
	return &lockedDir{path, f}, nil
}

func (d *lockedDir) remove() error {
	err := os.Remove(d.path)
	_ = unix.Flock(int(d.f.Fd()), unix.LOCK_UN) // a child that is just being forked may hold the file
	d.f.Close()
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

// collect removes the directories of dead owners, with the groups in them. What
// still holds processes, which die with their owner, is left to the next time.
func collect(place string) {
	entries, err := os.ReadDir(place)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !isName(e.Name()) || !e.IsDir() {
			continue
		}
		path := filepath.Join(place, e.Name())
		d, err := lock(path)
		if err != nil {
			continue // its owner lives
		}
		removeGroups(path)
		_ = d.remove()
	}
}

// removeGroups removes the groups beneath a directory.
func removeGroups(dir string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if e.IsDir() {
			path := filepath.Join(dir, e.Name())
			removeGroups(path)
			_ = os.Remove(path)
		}
	}
}

// attempts is how often a new name is tried against collectors that are quicker.
const attempts = 5

func quicker(err error) bool { return errors.Is(err, unix.ESTALE) || errors.Is(err, unix.EWOULDBLOCK) }
