// SPDX-License-Identifier: MIT

package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/runtime"
)

// Group holds the processes of one sandbox to their limits.
type Group struct {
	parent   *Parent
	name     string
	dirs     []string // each once
	counters counters
	lenient  bool // what cannot be enforced is left out

	mu       sync.Mutex
	limits   runtime.ResourceLimits
	enforced []runtime.Enforcement
	deleted  bool
}

var _ runtime.Limits = (*Group)(nil)

// New makes a group. With bestEffort, what cannot be enforced is left out, and
// Enforced says why; otherwise it is an error that matches
// errors.ErrUnsupported.
func (p *Parent) New(name string, limits runtime.ResourceLimits, bestEffort bool) (*Group, error) {
	g := &Group{parent: p, name: name, lenient: bestEffort}
	for _, d := range p.dirs {
		dir := filepath.Join(d.path, name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			_ = g.remove()
			return nil, fmt.Errorf("making a cgroup: %w", err)
		}
		g.dirs = append(g.dirs, dir)
	}
	enforced, err := g.apply(runtime.ResourceLimits{}, limits.Processes())
	if err != nil {
		_ = g.remove()
		return nil, err
	}
	g.limits, g.enforced = limits.Processes(), enforced
	g.counters.open(g)
	return g, nil
}

// file is where a file of a controller is.
func (g *Group) file(controller, name string) string {
	return filepath.Join(g.parent.places[controller], g.name, name)
}

// apply writes the values that turn one set of limits into another.
func (g *Group) apply(from, to runtime.ResourceLimits) ([]runtime.Enforcement, error) {
	failed := map[runtime.Resource]error{}
	var first error
	fail := func(r runtime.Resource, err error) {
		failed[r] = err
		if first == nil {
			first = fmt.Errorf("limit of %s: %w", r, err)
		}
	}
	for _, r := range to.List() {
		if err := g.parent.reasons[controllerOf[r]]; err != nil {
			fail(r, err)
		}
	}
	for _, s := range g.parent.version.settings(from, to) {
		if failed[s.resource] != nil || g.parent.reasons[s.controller] != nil {
			continue
		}
		if err := g.set(s); err != nil {
			fail(s.resource, err)
		}
	}
	if first != nil && !g.lenient {
		return nil, first
	}
	var list []runtime.Enforcement
	for _, r := range to.List() {
		e := runtime.Enforcement{Resource: r, By: g.parent.version.name}
		if err := failed[r]; err != nil {
			e = runtime.Enforcement{Resource: r, Reason: err.Error()}
		}
		list = append(list, e)
	}
	return list, nil
}

func (g *Group) set(s setting) error {
	err := write(g.file(s.controller, s.file), s.value)
	switch {
	case errors.Is(err, fs.ErrNotExist) && s.optional:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the kernel has no %s (%w)", s.file, errors.ErrUnsupported)
	case errors.Is(err, unix.EBUSY):
		return fmt.Errorf("more is in use: %w", err)
	}
	return err
}

// Enforced says what came of each limit.
func (g *Group) Enforced() []runtime.Enforcement {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]runtime.Enforcement(nil), g.enforced...)
}

// Update replaces the limits, or, on an error, puts back those before.
func (g *Group) Update(limits runtime.ResourceLimits) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.deleted {
		return runtime.ErrEnded
	}
	limits = limits.Processes()
	enforced, err := g.apply(g.limits, limits)
	if err != nil {
		_, _ = g.apply(limits, g.limits)
		return err
	}
	g.limits, g.enforced = limits, enforced
	return nil
}

// Usage reads the figures.
func (g *Group) Usage() (runtime.Usage, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.deleted {
		return runtime.Usage{}, runtime.ErrEnded
	}
	u := runtime.Usage{Counted: true}
	files := map[string][]byte{} // some hold several figures
	for i := range g.parent.version.figures {
		f := &g.parent.version.figures[i]
		if g.parent.reasons[f.controller] != nil {
			continue
		}
		name := g.file(f.controller, f.file)
		if _, read := files[name]; !read {
			data, err := os.ReadFile(name)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return runtime.Usage{}, fmt.Errorf("reading a cgroup: %w", err)
			}
			files[name] = data
		}
		f.put(&u, number(files[name], f.key))
	}
	divideCPU(&u)
	u.Events = g.counters.read()
	return u, nil
}

// divideCPU has user and system time make up the time that was used. Version 1
// counts the two by ticks, each of which is the whole one's that it meets: what is
// throttled runs when a tick comes, and seems to use more than there was.
func divideCPU(u *runtime.Usage) {
	sum := u.CPUUser + u.CPUSystem
	if sum <= 0 {
		u.CPUUser, u.CPUSystem = u.CPU, 0
		return
	}
	u.CPUUser = time.Duration(float64(u.CPU) * (float64(u.CPUUser) / float64(sum)))
	u.CPUSystem = u.CPU - u.CPUUser
}

// Events reads the counters.
func (g *Group) Events() runtime.Events { return g.counters.read() }

// Join returns what the first process of the sandbox needs to be born in the
// group, or to go there itself: a directory for CLONE_INTO_CGROUP (clone(2)), or
// files to write "0" to from the thread that becomes the sandbox. They are the
// caller's.
//
// Moving another process takes a lock that all forks and exits of the machine
// wait for, and that is had only after a grace period: 8 ms and more. Neither
// way needs it.
func (g *Group) Join() (dir *os.File, tasks []*os.File, err error) {
	if g.parent.version == version2 {
		dir, err = os.OpenFile(g.dirs[0], unix.O_PATH|unix.O_DIRECTORY, 0)
		return dir, nil, err
	}
	for _, d := range g.dirs {
		f, err := os.OpenFile(filepath.Join(d, "tasks"), os.O_WRONLY, 0)
		if err != nil {
			for _, f := range tasks {
				f.Close()
			}
			return nil, nil, err
		}
		tasks = append(tasks, f)
	}
	return nil, tasks, nil
}

// Add moves a process into the group. See Join for what that costs.
func (g *Group) Add(pid int) error {
	for _, d := range g.dirs {
		if err := write(filepath.Join(d, "cgroup.procs"), strconv.Itoa(pid)); err != nil {
			return fmt.Errorf("moving process %d into its cgroup: %w", pid, err)
		}
	}
	return nil
}

// Delete removes the group, whose processes must be dead. The kernel may need a
// moment to see that. Deleting again does nothing.
func (g *Group) Delete() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.deleted {
		return nil
	}
	g.deleted = true
	g.counters.close()
	var err error
	for wait := time.Millisecond; wait < time.Second; wait *= 2 {
		if err = g.remove(); err == nil {
			return nil
		}
		time.Sleep(wait)
	}
	return fmt.Errorf("removing a cgroup: %w", err)
}

func (g *Group) remove() error {
	var errs []error
	for _, d := range g.dirs {
		if err := os.Remove(d); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// write writes a value to a file that must be there, in one write(2).
func write(name, value string) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(value)
	return err
}
