// SPDX-License-Identifier: MIT

package launch

import (
	"fmt"
	"os"
	"sync"

	"github.com/sandbox-rls/sandbox/internal/cgroup"
	"github.com/sandbox-rls/sandbox/runtime"
)

// groups makes the cgroups of sandboxes. Its own are made when they are first
// needed.
type groups struct {
	options cgroup.Options
	collect sync.Once

	mu     sync.Mutex
	parent *cgroup.Parent
}

// begin makes what holds a sandbox to its limits, for the start of it.
func (g *groups) begin(cfg runtime.Config) (*admission, error) {
	// What dead managers left goes with the first start of the next.
	g.collect.Do(cgroup.Collect)
	limits := runtime.LimitsOf(cfg.Spec.Linux.Resources)
	if limits == (runtime.ResourceLimits{}) {
		return &admission{limits: &unlimited{}}, nil
	}
	group, err := g.group(cfg.ID, limits, cfg.BestEffort)
	if err != nil && cfg.BestEffort {
		return &admission{limits: &unlimited{reason: err, limits: limits}}, nil
	}
	if err != nil {
		return nil, err
	}
	a := &admission{group: group, limits: group}
	if a.dir, a.tasks, err = group.Join(); err != nil {
		a.cancel()
		return nil, err
	}
	return a, nil
}

func (g *groups) group(id string, limits runtime.ResourceLimits, bestEffort bool) (*cgroup.Group, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.parent == nil {
		parent, err := cgroup.Open(g.options)
		if err != nil {
			return nil, fmt.Errorf("limits: %w", err)
		}
		g.parent = parent
	}
	return g.parent.New(id, limits, bestEffort)
}

// close removes the directory of the groups, all of which are deleted by then.
func (g *groups) close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.parent == nil {
		return nil
	}
	err := g.parent.Close()
	g.parent = nil
	return err
}

// admission puts the init of a sandbox into its group before it does anything:
// it is forked into it (dir), or goes there itself (tasks).
type admission struct {
	group  *cgroup.Group // nil: none
	limits runtime.Limits
	dir    *os.File
	tasks  []*os.File
}

// files are the descriptors that go with the set-up.
func (a *admission) files() []int {
	var fds []int
	for _, f := range a.tasks {
		fds = append(fds, int(f.Fd()))
	}
	return fds
}

// close closes the files.
func (a *admission) close() {
	for _, f := range append(a.tasks, a.dir) {
		if f != nil {
			f.Close()
		}
	}
}

// cancel removes the group of a sandbox that did not start.
func (a *admission) cancel() {
	a.close()
	if a.group != nil {
		_ = a.group.Delete()
	}
}

// unlimited is what a sandbox without a group has.
type unlimited struct {
	reason error // why there is none, for a caller who is content with that

	mu     sync.Mutex
	limits runtime.ResourceLimits
}

func (u *unlimited) Enforced() []runtime.Enforcement {
	u.mu.Lock()
	defer u.mu.Unlock()
	var list []runtime.Enforcement
	for _, r := range u.limits.List() {
		list = append(list, runtime.Enforcement{Resource: r, Reason: u.reason.Error()})
	}
	return list
}

func (u *unlimited) Update(l runtime.ResourceLimits) error {
	l = l.Processes()
	if u.reason == nil && l != (runtime.ResourceLimits{}) {
		return fmt.Errorf("%w: a sandbox that was started without limits gets them at its next start: stop and start it", runtime.ErrUnsupported)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.limits = l
	return nil
}

func (u *unlimited) Usage() (runtime.Usage, error) { return runtime.Usage{}, nil }

func (u *unlimited) Events() runtime.Events { return runtime.Events{} }
