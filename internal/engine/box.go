// SPDX-License-Identifier: MIT

package engine

import (
	"context"
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
	Hostname   string
	Limits     runtime.ResourceLimits
	BestEffort bool
}

// Start mounts a workspace and starts its init.
func (e *Engine) Start(ctx context.Context, w *Workspace, o StartOptions) (*Box, error) {
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
	files, err := e.guard.Attach(fsguard.Door{
		Root: door.Root, Target: Target, Workspace: door.Workspace, Listener: door.Listener,
		HostUID: only(runtime.UserID, e.owner.UID, os.Geteuid()), HostGID: only(runtime.GroupID, e.owner.GID, os.Getegid()),
		Hidden: w.Plan.HiddenBeneath,
	}, w.Policy)
	if err != nil {
		_ = in.Close()
		return nil, err
	}
	b := &Box{Instance: in, Files: files, ledger: ledger{events: in.Limits().Events}}
	if err := w.PlaceUploads(ctx, b); err != nil {
		b.Close()
		return nil, fmt.Errorf("bringing uploads into the workspace: %w", err)
	}
	return b, nil
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
