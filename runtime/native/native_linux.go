// SPDX-License-Identifier: MIT

package native

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"syscall"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/control"
	"github.com/sandbox-rls/sandbox/runtime"
)

// The host's user numbers that sandboxes get when the caller is root. systemd's
// list of UID ranges (https://systemd.io/UIDS-GIDS) has nothing in this one.
const (
	idBase  = 1879048192
	idCount = 65536
)

// Runtime is the native runtime. See runtime.Runtime.
type Runtime struct {
	privileged bool
	host       func() (host, error)
	spawner    spawner
}

var _ runtime.Runtime = (*Runtime)(nil)

// New returns the native runtime.
func New() *Runtime {
	return &Runtime{
		privileged: os.Geteuid() == 0 && canMap(),
		host:       sync.OnceValues(inspect),
	}
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

// Close ends the thread that the inits are children of, and so all sandboxes
// that still run. A later Start begins anew.
func (r *Runtime) Close() error {
	r.spawner.close()
	return nil
}

// Start builds a sandbox.
func (r *Runtime) Start(ctx context.Context, cfg runtime.Config) (runtime.Instance, error) {
	h, err := r.host()
	if err != nil {
		return nil, err
	}
	h.inherit = r.privileged
	setup, err := plan(cfg, h)
	if err != nil {
		return nil, err
	}
	files, err := r.openView(cfg.View)
	if err != nil {
		return nil, err
	}
	defer closeAll(files)
	ours, theirs, err := control.Pair()
	if err != nil {
		return nil, err
	}
	proc, err := r.spawner.start(r.attributes(cfg.Spec), theirs, files)
	unix.Close(theirs)
	if err != nil {
		unix.Close(ours)
		return nil, explain(err)
	}
	in, err := newInstance(ours, proc)
	if err != nil {
		proc.kill()
		return nil, err
	}
	if err := in.begin(ctx, setup, cfg); err != nil {
		in.Close()
		return nil, err
	}
	return in, nil
}

// attributes are those of the init's clone(2).
func (r *Runtime) attributes(spec *specs.Spec) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{AmbientCaps: setupCaps, Setsid: true}
	for _, ns := range spec.Linux.Namespaces {
		attr.Cloneflags |= cloneFlags[ns.Type]
	}
	uid, gid := int(spec.Process.User.UID), int(spec.Process.User.GID)
	if r.privileged {
		ids := []syscall.SysProcIDMap{{ContainerID: 0, HostID: idBase, Size: idCount}}
		attr.UidMappings, attr.GidMappings = ids, ids
		attr.GidMappingsEnableSetgroups = true
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		return attr
	}
	attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: os.Geteuid(), Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: os.Getegid(), Size: 1}}
	return attr
}

// setupCaps are what the first stage of the init holds, in its own user
// namespace. The overlay acts with them on its layers ever after.
var setupCaps = []uintptr{
	unix.CAP_CHOWN, unix.CAP_DAC_OVERRIDE, unix.CAP_DAC_READ_SEARCH, unix.CAP_FOWNER, unix.CAP_FSETID,
	unix.CAP_MKNOD, unix.CAP_NET_ADMIN, unix.CAP_SETPCAP, unix.CAP_SYS_ADMIN,
}

var cloneFlags = map[specs.LinuxNamespaceType]uintptr{
	specs.UserNamespace:    unix.CLONE_NEWUSER,
	specs.MountNamespace:   unix.CLONE_NEWNS,
	specs.PIDNamespace:     unix.CLONE_NEWPID,
	specs.IPCNamespace:     unix.CLONE_NEWIPC,
	specs.UTSNamespace:     unix.CLONE_NEWUTS,
	specs.NetworkNamespace: unix.CLONE_NEWNET,
	specs.CgroupNamespace:  unix.CLONE_NEWCGROUP,
}

// openView makes the detached mounts that the init inherits, in the order that
// the plan counts on. Without privilege there are none: the init opens the
// layers itself.
func (r *Runtime) openView(v runtime.View) (files []int, err error) {
	if !r.privileged {
		return nil, nil
	}
	list := v.Lower
	if v.Delta != "" {
		list = append(slices.Clone(list), runtime.Layer{Dir: v.Delta})
	}
	for _, l := range list {
		fd, err := openLayer(l)
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
	return fmt.Errorf("creating namespaces: %w", err)
}
