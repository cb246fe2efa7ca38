// SPDX-License-Identifier: MIT

package native

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/cgroup"
	"github.com/sandbox-rls/sandbox/internal/control"
	"github.com/sandbox-rls/sandbox/internal/idrange"
	"github.com/sandbox-rls/sandbox/runtime"
)

// The host's user numbers that sandboxes get when the caller is root.
const (
	idBase  = idrange.Base
	idCount = idrange.Count
)

// Runtime is the native runtime. See runtime.Runtime.
type Runtime struct {
	privileged bool
	host       func() (host, error)
	spawner    spawners
	idmaps     idmaps
	groups     groups
}

var (
	_ runtime.Runtime  = (*Runtime)(nil)
	_ runtime.Preparer = (*Runtime)(nil)
)

// New returns the native runtime.
func New(opts ...Option) *Runtime {
	r := &Runtime{
		privileged: os.Geteuid() == 0 && idrange.Mapped(),
		host:       sync.OnceValues(inspect),
	}
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	r.groups.options = cgroup.Options{Delegated: o.delegatedCgroup}
	return r
}

// Name is "native".
func (r *Runtime) Name() string { return "native" }

// Owner is the sandbox user's number on the host when the caller is root.
func (r *Runtime) Owner() runtime.Owner {
	if !r.privileged {
		return runtime.Owner{UID: -1, GID: -1}
	}
	return runtime.Owner{UID: idBase + runtime.UserID, GID: idBase + runtime.GroupID}
}

// Prepare starts the process that forks the inits, which Start otherwise does.
func (r *Runtime) Prepare() { _, _ = r.spawner.get() }

// Close ends the process that the inits are children of, and so all sandboxes
// that still run, and returns when none is left. A Start that is under way
// fails; a later one begins anew.
func (r *Runtime) Close() error {
	r.spawner.close()
	r.idmaps.close()
	return r.groups.close()
}

// Start builds a sandbox.
func (r *Runtime) Start(ctx context.Context, cfg runtime.Config) (runtime.Instance, error) {
	h, err := r.host()
	if err != nil {
		return nil, err
	}
	h.inherit = r.privileged
	if cfg.View, err = absolute(cfg.View); err != nil {
		return nil, err
	}
	setup, err := plan(cfg, h)
	if err != nil {
		return nil, err
	}
	files, err := r.openView(cfg.View)
	if err != nil {
		return nil, err
	}
	defer closeAll(files)
	group, err := r.groups.begin(cfg)
	if err != nil {
		return nil, err
	}
	defer group.close()
	in, err := r.fork(cfg.Spec, files, group)
	if err != nil {
		group.cancel()
		return nil, err
	}
	if err := in.begin(ctx, setup, cfg, group.files()); err != nil {
		in.Close()
		return nil, err
	}
	return in, nil
}

// fork starts the init, which waits for its set-up: in its cgroup if it can be
// born there, else it is moved.
func (r *Runtime) fork(spec *specs.Spec, files []int, group *admission) (*instance, error) {
	m := r.request(spec)
	if group.dir != nil {
		into := *m
		into.Cgroup = true
		proc, conn, err := r.spawner.spawn(&into, append(slices.Clone(files), int(group.dir.Fd())))
		if err == nil {
			return newInstance(proc, conn, group), nil
		}
	}
	proc, conn, err := r.spawner.spawn(m, files)
	if err != nil {
		return nil, explain(err)
	}
	if group.dir != nil {
		if err := group.group.Add(proc.PID); err != nil {
			proc.Kill()
			conn.Close()
			return nil, err
		}
	}
	return newInstance(proc, conn, group), nil
}

// absolute makes the paths of a view independent of the working directory,
// which the inits do not share.
func absolute(v runtime.View) (runtime.View, error) {
	v.Lower = slices.Clone(v.Lower)
	dirs := []*string{&v.Delta}
	for i := range v.Lower {
		dirs = append(dirs, &v.Lower[i].Dir)
	}
	for _, dir := range dirs {
		if *dir == "" || filepath.IsAbs(*dir) {
			continue // an empty name is none, and not the working directory's
		}
		abs, err := filepath.Abs(*dir)
		if err != nil {
			return v, err
		}
		*dir = abs
	}
	return v, nil
}

// request says how the init is to be forked.
func (r *Runtime) request(spec *specs.Spec) *control.Spawn {
	m := &control.Spawn{UID: spec.Process.User.UID, GID: spec.Process.User.GID}
	for _, ns := range spec.Linux.Namespaces {
		m.Namespaces |= cloneFlags[ns.Type]
	}
	if r.privileged {
		m.Become = true
		m.UIDs = []control.IDMap{{Inside: 0, Outside: idBase, Count: idCount}}
		m.GIDs = m.UIDs
		return m
	}
	m.UIDs = []control.IDMap{{Inside: m.UID, Outside: uint32(os.Geteuid()), Count: 1}}
	m.GIDs = []control.IDMap{{Inside: m.GID, Outside: uint32(os.Getegid()), Count: 1}}
	return m
}

// cloneFlags has no CLONE_NEWCGROUP: such a namespace begins at the cgroup that
// the process is in, and so is made when the init is in its own.
var cloneFlags = map[specs.LinuxNamespaceType]uint64{
	specs.UserNamespace:    unix.CLONE_NEWUSER,
	specs.MountNamespace:   unix.CLONE_NEWNS,
	specs.PIDNamespace:     unix.CLONE_NEWPID,
	specs.IPCNamespace:     unix.CLONE_NEWIPC,
	specs.UTSNamespace:     unix.CLONE_NEWUTS,
	specs.NetworkNamespace: unix.CLONE_NEWNET,
}

// openView makes the detached mounts that the init inherits, in the order that
// the plan counts on. Without privilege there are none: the init opens the
// layers itself.
func (r *Runtime) openView(v runtime.View) (files []int, err error) {
	if !r.privileged {
		return nil, nil
	}
	list := v.Lower
	if v.Delta != "" && v.DeltaMount == nil {
		list = append(slices.Clone(list), runtime.Layer{Dir: v.Delta})
	}
	for _, l := range list {
		fd, err := r.openLayer(l)
		if err != nil {
			closeAll(files)
			return nil, err
		}
		files = append(files, fd)
	}
	if v.DeltaMount != nil {
		fd, err := unix.FcntlInt(v.DeltaMount.Fd(), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			closeAll(files)
			return nil, err
		}
		files = append(files, fd)
	}
	return files, nil
}

func closeAll(files []int) { control.CloseFiles(files) }

// explain adds the remedy to the errors that a machine's settings cause.
func explain(err error) error {
	switch err {
	case unix.EPERM, unix.EACCES:
		return fmt.Errorf("creating namespaces: %w: this machine does not let this user make user namespaces (%w); "+
			"allow them (sysctl kernel.unprivileged_userns_clone=1, or kernel.apparmor_restrict_unprivileged_userns=0), or run as root", runtime.ErrUnsupported, err)
	case unix.ENOSPC:
		return fmt.Errorf("creating namespaces: %w: the limit of namespaces is reached; raise /proc/sys/user/max_user_namespaces", err)
	}
	return fmt.Errorf("creating the sandbox's first process: %w", err)
}
