// SPDX-License-Identifier: MIT

package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// supervisor is the child into which a process with a delegated group is
// moved, as systemd's DelegateSubgroup= would.
const supervisor = "supervisor"

const remedyV2 = "run the program as root, or by `systemd-run --user --scope -p Delegate=yes` and with Config.DelegatedCgroup"

// openV2 makes a parent in the first place that lets groups have controllers.
func openV2(l layout, o Options) (*Parent, error) {
	own, ok := l[""]
	if !ok {
		return nil, fmt.Errorf("no cgroups are mounted at %s (%w)", root, errors.ErrUnsupported)
	}
	if o.Delegated && own != "/" && !besideIt(own) {
		if err := vacate(own); err != nil {
			return nil, fmt.Errorf("moving this process into a child of its cgroup: %w (%w); the cgroup has to be delegated: %s", err, errors.ErrUnsupported, remedyV2)
		}
	}
	var reasons []string
	for _, place := range placesV2(own) {
		for range attempts {
			p, err := tryV2(place)
			if err == nil {
				return p, nil
			}
			if !quicker(err) {
				reasons = append(reasons, err.Error())
				break
			}
		}
	}
	return nil, fmt.Errorf("user %d cannot make cgroups with limits: %s (%w); %s", os.Geteuid(), strings.Join(reasons, "; "), errors.ErrUnsupported, remedyV2)
}

// placesV2 lists where groups may be made: beneath the process's own group, so
// that they share its limits; beside it, where the group above is delegated and
// the process was put into a child of it; and, as root, at the top.
func placesV2(own string) []string {
	places := []string{own}
	if besideIt(own) {
		places = append(places, path.Dir(own))
	}
	if os.Geteuid() == 0 && !slices.Contains(places, "/") {
		places = append(places, "/")
	}
	return places
}

// besideIt reports whether groups may be made beside a process's own: the one
// above is delegated, and this is the child for the process itself.
func besideIt(own string) bool {
	return own != "/" && (path.Base(own) == supervisor || delegatedTo(path.Dir(own)))
}

// delegatedTo reports whether a group was delegated to this user: given to it,
// or marked as systemd does.
func delegatedTo(group string) bool {
	dir := filepath.Join(root, group)
	var st unix.Stat_t
	if unix.Stat(dir, &st) != nil || group == "/" {
		return false
	}
	if uid := os.Geteuid(); uid != 0 {
		return int(st.Uid) == uid
	}
	for _, attr := range []string{"trusted.delegate", "user.delegate"} {
		var v [2]byte
		if n, err := unix.Getxattr(dir, attr, v[:]); err == nil && string(v[:n]) == "1" {
			return true
		}
	}
	return false
}

// vacate moves this process and the others of its group, which are its
// children, into a child of that. Some may be forking meanwhile.
func vacate(own string) error {
	child := filepath.Join(root, own, supervisor)
	if err := os.Mkdir(child, 0o755); err != nil && !os.IsExist(err) {
		return err
	}
	for range attempts {
		data, err := os.ReadFile(filepath.Join(root, own, "cgroup.procs"))
		if err != nil {
			return err
		}
		pids := strings.Fields(string(data))
		if len(pids) == 0 {
			return nil
		}
		for _, pid := range pids {
			if err := write(filepath.Join(child, "cgroup.procs"), pid); err != nil && !errors.Is(err, unix.ESRCH) {
				return err
			}
		}
	}
	return fmt.Errorf("processes keep coming into %s", own)
}

func tryV2(place string) (*Parent, error) {
	dir := filepath.Join(root, place)
	if err := unix.Access(dir, unix.W_OK); err != nil {
		return nil, fmt.Errorf("%s cannot be written: %w", dir, err)
	}
	if err := vacant(dir); err != nil {
		return nil, err
	}
	p := &Parent{version: version2, places: map[string]string{}, reasons: map[string]error{}}
	var enabled []string
	var reasons []error
	for _, c := range limiting {
		if err := enable(dir, c); err != nil {
			reasons = append(reasons, err)
			p.reasons[c] = fmt.Errorf("the cgroup controller %s cannot be had: %w (%w); for a user's programs, let systemd delegate it (Delegate=%s of user@.service)",
				c, err, errors.ErrUnsupported, c)
			continue
		}
		enabled = append(enabled, c)
	}
	if len(enabled) == 0 {
		return nil, reasons[0]
	}
	name, err := newName()
	if err != nil {
		return nil, err
	}
	if err := p.own(dir, name); err != nil {
		return nil, err
	}
	p.places["cpuacct"] = filepath.Join(dir, name) // every group counts
	for _, c := range enabled {
		if err := enable(p.places["cpuacct"], c); err != nil {
			_ = p.Close()
			return nil, err
		}
		p.places[c] = p.places["cpuacct"]
	}
	return p, nil
}

// vacant refuses a group that holds processes, but for the root of all. The
// kernel would refuse to enable the controller of memory for its children
// (EBUSY), but for the others make it a threaded one, which helps nobody and
// cannot be undone. The root has no type.
func vacant(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "cgroup.type")); os.IsNotExist(err) {
		return nil
	}
	procs, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	if err != nil {
		return err
	}
	if len(procs) > 0 {
		return fmt.Errorf("%s holds processes, so that groups in it can have no limits", dir)
	}
	return nil
}

// enable lets the children of a group have a controller.
func enable(dir, controller string) error {
	if has, err := lists(filepath.Join(dir, "cgroup.subtree_control"), controller); has || err != nil {
		return err
	}
	has, err := lists(filepath.Join(dir, "cgroup.controllers"), controller)
	if err != nil {
		return err
	}
	if !has {
		return fmt.Errorf("%s has no controller %s (%w)", dir, controller, errors.ErrUnsupported)
	}
	return write(filepath.Join(dir, "cgroup.subtree_control"), "+"+controller)
}

func lists(file, controller string) (bool, error) {
	data, err := os.ReadFile(file)
	return slices.Contains(strings.Fields(string(data)), controller), err
}
