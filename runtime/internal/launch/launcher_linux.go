// SPDX-License-Identifier: MIT

package launch

import (
	"context"
	"errors"
	"fmt"
	"os"
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

// Launcher starts sandboxes. All methods may be called concurrently.
type Launcher struct {
	privileged bool
	host       func() (Host, error)
	spawner    spawners
	standby    standby
	idmaps     idmaps
	groups     groups

	mu       sync.Mutex
	usual    *control.Spawn // what the latest start asked for
	starts   int
	underWay int  // starts that have not ended
	wanted   bool // a process is to be forked when they have
}

// Options are choices made for a launcher.
type Options struct {
	// DelegatedCgroup says that the process's own cgroup is for it alone.
	DelegatedCgroup bool
	// Program is what the spawner and the inits execute. "": this program.
	Program string
	// Namespaces are those of the first process of most sandboxes. Nil: those that
	// the spec of a sandbox without a network has.
	Namespaces []specs.LinuxNamespaceType
}

// New returns a launcher. It starts nothing yet.
func New(o Options) *Launcher {
	l := &Launcher{
		privileged: os.Geteuid() == 0 && idrange.Mapped(),
		host:       sync.OnceValues(inspect),
		spawner:    spawners{program: o.Program},
		groups:     groups{options: cgroup.Options{Delegated: o.DelegatedCgroup}},
	}
	if o.Namespaces == nil {
		o.Namespaces = types(runtime.NewSpec(runtime.SpecOptions{}).Linux.Namespaces)
	}
	l.usual = l.request(specs.User{UID: runtime.UserID, GID: runtime.GroupID}, o.Namespaces)
	return l
}

// Owner is the sandbox user's number on the host when the caller is root.
func (l *Launcher) Owner() runtime.Owner {
	if !l.privileged {
		return runtime.Owner{UID: -1, GID: -1}
	}
	return runtime.Owner{UID: idBase + runtime.UserID, GID: idBase + runtime.GroupID}
}

// Prepare has the process forked with which the next Start begins: not before those
// that are under way have ended, which it would take the cores from.
func (l *Launcher) Prepare() {
	s, err := l.spawner.turn().get()
	if err != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.wanted = l.underWay > 0; !l.wanted {
		l.standby.fill(l.usual, s)
	}
}

// begun counts a start that is under way, until ended.
func (l *Launcher) begun() (ended func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.underWay++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.underWay--; l.underWay == 0 && l.wanted {
			l.wanted = false
			l.standby.soon(l.usual, l.spawner.running())
		}
	}
}

// started has a process forked for the start after the one that was made, unless
// that was the first: most programs that start one sandbox start no other.
func (l *Launcher) started(m *control.Spawn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.usual = m
	switch l.starts++; {
	case l.starts == 1:
	case l.underWay > 1:
		l.wanted = true
	default:
		l.standby.soon(m, l.spawner.running())
	}
}

// Close ends the process that the inits are children of, and so all sandboxes
// that still run, and returns when none is left. A Start that is under way
// fails; a later one begins anew.
func (l *Launcher) Close() error {
	l.spawner.close()
	l.standby.drop() // it has ended, and there is no other without a spawner
	l.idmaps.close()
	return l.groups.close()
}

// Start builds a sandbox by a route.
func (l *Launcher) Start(ctx context.Context, cfg runtime.Config, route Route) (runtime.Instance, error) {
	h, err := l.host()
	if err != nil {
		return nil, err
	}
	h.Inherit = l.privileged
	if cfg.View, err = absolute(cfg.View); err != nil {
		return nil, err
	}
	setup, err := Plan(cfg, h)
	if err != nil {
		return nil, err
	}
	defer l.begun()()
	t := l.spawner.turn()
	in, err := l.along(ctx, cfg, route, setup, t)
	for errors.Is(err, errStandby) {
		if err = t.over(); err == nil {
			in, err = l.along(ctx, cfg, route, setup, t)
		}
	}
	if err == nil {
		return in, nil
	}
	if over := t.over(); over != nil && !errors.Is(err, os.ErrClosed) {
		err = fmt.Errorf("%w (%w)", over, err)
	}
	return nil, err
}

// errStandby says that the process that was kept for a start ended before it was
// told what to start, or with the spawner.
var errStandby = errors.New("the process that was kept for the start has ended")

// along starts a sandbox by a route.
func (l *Launcher) along(ctx context.Context, cfg runtime.Config, route Route, setup *control.Setup, t turn) (*instance, error) {
	files, err := l.openView(cfg.View, t)
	if err != nil {
		return nil, err
	}
	defer closeAll(files)
	order, err := route(cfg.Spec, Planned{Setup: setup, Layers: len(files)})
	if err != nil {
		return nil, err
	}
	defer closeAll(order.Files)
	in, err := l.start(ctx, cfg, order, slices.Concat(files, order.Files), t)
	if err != nil && order.Explain != nil && !errors.Is(err, errStandby) {
		err = order.Explain(err)
	}
	return in, err
}

// start has the first process forked, or takes the one that was, and sees it
// become the init.
func (l *Launcher) start(ctx context.Context, cfg runtime.Config, o Order, files []int, t turn) (*instance, error) {
	group, err := l.groups.begin(cfg)
	if err != nil {
		return nil, err
	}
	defer group.close()
	m := l.request(cfg.Spec.Process.User, o.Namespaces)
	in, kept, err := l.first(m, group, t)
	if err != nil {
		group.cancel()
		return nil, err
	}
	in.modes, in.commandEnded, in.files = scratchModes(cfg.Spec), l.standby.hurry, ownFiles()
	if err := in.begin(ctx, o.Setups, cfg, files, group.files()); err != nil {
		in.giveBack(cfg.Scratch)
		if kept != nil && errors.Is(err, runtime.ErrEnded) && (!in.taken.Load() || kept.orphaned()) {
			return nil, errStandby
		}
		return nil, err
	}
	l.started(m)
	return in, nil
}

// first returns the first process, which waits for its set-up, and whether it is
// the one that was kept. One that is to be born in a cgroup cannot be that.
func (l *Launcher) first(m *control.Spawn, group *admission, t turn) (in *instance, kept *waiting, err error) {
	s, err := t.get()
	if err != nil {
		return nil, nil, explain(err)
	}
	if group.dir == nil {
		if w := l.standby.take(m, s); w != nil {
			return newInstance(w.proc, w.conn, group), w, nil
		}
	}
	in, err = l.fork(m, group, t)
	return in, nil, err
}

// fork starts the first process, which waits for its set-up: in its cgroup if
// it can be born there, else it is moved.
func (l *Launcher) fork(m *control.Spawn, group *admission, t turn) (*instance, error) {
	if group.dir != nil {
		into := *m
		into.Cgroup = true
		proc, conn, err := t.spawn(&into, int(group.dir.Fd()))
		if err == nil {
			return newInstance(proc, conn, group), nil
		}
	}
	proc, conn, err := t.spawn(m)
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

// request says how the first process is to be forked.
func (l *Launcher) request(user specs.User, namespaces []specs.LinuxNamespaceType) *control.Spawn {
	m := &control.Spawn{UID: user.UID, GID: user.GID}
	for _, ns := range namespaces {
		m.Namespaces |= cloneFlags[ns]
	}
	if l.privileged {
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
// the process is in, and so is made when the init is in its own. Nor has it
// CLONE_NEWNS: what is mounted is that of the start, not of when the process was
// forked.
var cloneFlags = map[specs.LinuxNamespaceType]uint64{
	specs.UserNamespace:    unix.CLONE_NEWUSER,
	specs.PIDNamespace:     unix.CLONE_NEWPID,
	specs.IPCNamespace:     unix.CLONE_NEWIPC,
	specs.UTSNamespace:     unix.CLONE_NEWUTS,
	specs.NetworkNamespace: unix.CLONE_NEWNET,
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
