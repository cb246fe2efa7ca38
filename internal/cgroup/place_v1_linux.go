// SPDX-License-Identifier: MIT

package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// openV1 makes a parent beneath the process's own groups, or at the top of
// hierarchies where only that can be written. In version 1 each controller, or
// a few together, has a hierarchy of its own.
func openV1(l layout) (*Parent, error) {
	for range attempts {
		p, err := tryV1(l)
		if !quicker(err) {
			return p, err
		}
	}
	return nil, errors.New("no name for a cgroup was free")
}

func tryV1(l layout) (*Parent, error) {
	name, err := newName()
	if err != nil {
		return nil, err
	}
	p := &Parent{version: version1, places: map[string]string{}, reasons: map[string]error{}}
	for _, c := range controllers {
		place, err := placeV1(l, c)
		if err != nil {
			p.reasons[c] = err
			continue
		}
		if err := p.own(place, name); err != nil {
			_ = p.Close()
			return nil, err
		}
		p.places[c] = filepath.Join(place, name)
	}
	if len(p.places) == 0 {
		return nil, p.reasons["memory"]
	}
	return p, nil
}

// placeV1 finds where this process may make groups of a controller.
func placeV1(l layout, controller string) (string, error) {
	own, ok := l[controller]
	if !ok {
		return "", fmt.Errorf("the cgroup controller %s is not mounted at %s (%w)", controller, filepath.Join(root, controller), errors.ErrUnsupported)
	}
	for _, place := range []string{own, "/"} {
		// Controllers that are mounted together have links to one directory.
		dir, err := filepath.EvalSymlinks(filepath.Join(root, controller, place))
		if err == nil && unix.Access(dir, unix.W_OK) == nil {
			return dir, nil
		}
	}
	return "", fmt.Errorf("cgroups of version 1 are for root only: user %d may not write %s (%w); run the program as root, "+
		"or on a machine with cgroup v2 by `systemd-run --user --scope -p Delegate=yes` and with Config.DelegatedCgroup",
		os.Geteuid(), filepath.Join(root, controller, own), errors.ErrUnsupported)
}
