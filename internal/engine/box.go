// SPDX-License-Identifier: MIT

package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/runtime"
)

// Box is a running sandbox with the guard at its door.
type Box struct {
	runtime.Instance
	// Files gives the owner access to the workspace under the rules.
	Files *fsguard.Attachment
	user  runtime.Owner
	space *Workspace
	once  sync.Once

	mu      sync.Mutex
	running int // commands
	ledger  ledger
}

// Started and Ended count the commands: when the last one has ended, all
// processes but the init have.
func (b *Box) Started() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.running++
}

// Ended is the other half of Started.
func (b *Box) Ended() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.running--; b.running == 0 {
		b.Files.Quiet()
	}
}

// StartOptions are what a start needs besides the workspace.
type StartOptions struct {
	ID         string
	Runtime    runtime.Runtime
	Network    runtime.Network
	Image      string
	Hostname   string
	Limits     runtime.ResourceLimits
	BestEffort bool
}

// Start mounts a workspace and starts its init. When it fails, what a parked box has
// kept is as good as it was. An upload that cannot be placed is no failure: it waits.
func (e *Engine) Start(ctx context.Context, w *Workspace, o StartOptions) (*Box, error) {
	if w.lost != nil {
		return nil, w.lost
	}
	if err := w.promote(); err != nil {
		return nil, err
	}
	notify := w.Plan.Writable
	filter, err := fsguard.Filter(notify)
	if err != nil {
		return nil, fmt.Errorf("building the seccomp filter: %w", err)
	}
	mount, err := w.deltaMount()
	if err != nil {
		return nil, err
	}
	if mount != nil {
		defer mount.Close()
	}
	in, err := o.Runtime.Start(ctx, runtime.Config{
		ID:          o.ID,
		Spec:        runtime.NewSpec(runtime.SpecOptions{Hostname: o.Hostname, Network: o.Network, Dir: Target, IDs: e.ids(), Resources: o.Limits}),
		BestEffort:  o.BestEffort,
		Network:     o.Network,
		Image:       o.Image,
		View:        w.view(mount),
		Filter:      filter,
		Notify:      notify,
		HideContent: w.Plan.NothingReadable,
		Scratch:     w.scratch,
	})
	if err != nil {
		return nil, err
	}
	w.dropScratch() // the instance has it
	door := in.Door()
	files, err := e.attach(door, w)
	if err != nil {
		w.keep(in)
		_ = in.Close()
		return nil, err
	}
	b := &Box{Instance: in, Files: files, user: e.userOf(door), space: w, ledger: ledger{events: in.Limits().Events}}
	_ = w.PlaceUploads(ctx, b) // before any command; who takes the box does it again, and tells
	if err := ctx.Err(); err != nil {
		w.Park(b)
		return nil, err
	}
	return b, nil
}

// attach puts a guard at the door, one that acts as the sandbox's user.
func (e *Engine) attach(door runtime.Door, w *Workspace) (*fsguard.Attachment, error) {
	d := fsguard.Door{
		Root: door.Root, Target: Target, Workspace: door.Workspace, Listener: door.Listener, Hidden: w.Plan.HiddenBeneath,
		HostUID: only(runtime.UserID, e.owner.UID, os.Geteuid()), HostGID: only(runtime.GroupID, e.owner.GID, os.Getegid()),
	}
	if u := door.User; u != nil {
		d.HostUID, d.HostGID = only(u.UID-u.Shift, u.UID, -1), only(u.GID-u.Shift, u.GID, -1)
	}
	g, err := e.guardOf(e.userOf(door))
	if err != nil {
		return nil, err
	}
	return g.Attach(d, w.Policy)
}

// userOf is the user of a sandbox's processes.
func (e *Engine) userOf(door runtime.Door) runtime.Owner {
	if door.User != nil {
		return door.User.Owner
	}
	return e.owner
}

// User is the user of the sandbox's processes, by the host's numbers. A negative
// UID is the caller.
func (b *Box) User() runtime.Owner { return b.user }

// Environ is the environment that the sandbox's root brings for its commands.
func (b *Box) Environ() []string {
	if f, ok := b.Instance.(runtime.Furnished); ok {
		return f.Environ()
	}
	return nil
}

// Cause is why the sandbox has ended by itself, if that is known.
func (b *Box) Cause() error {
	if w, ok := b.Instance.(runtime.Witness); ok {
		return w.Cause()
	}
	return nil
}

// Why adds to an error the cause of the sandbox's end, if it is about that.
func (b *Box) Why(err error) error {
	if !errors.Is(err, runtime.ErrEnded) {
		return err
	}
	if cause := b.Cause(); cause != nil {
		return fmt.Errorf("%w: %w", err, cause)
	}
	return err
}

// ids describes, for the spec, how the sandbox's user is numbered on the host.
func (e *Engine) ids() []specs.LinuxIDMapping {
	if e.owner.UID < 0 {
		return nil
	}
	return []specs.LinuxIDMapping{{ContainerID: runtime.UserID, HostID: uint32(e.owner.UID), Size: 1}}
}

// only translates the one number that a process in the sandbox may give a file.
func only(inside, host, caller int) func(int) (int, bool) {
	if host < 0 {
		host = caller
	}
	return func(id int) (int, bool) { return host, id == inside }
}

// Close ends all processes of the sandbox, then the guard's work for it, and
// only then closes the files at which it worked.
func (b *Box) Close() {
	b.once.Do(func() {
		b.Kill()
		b.Files.Close()
		_ = b.Instance.Close()
	})
}
