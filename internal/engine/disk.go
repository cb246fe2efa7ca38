// SPDX-License-Identifier: MIT

package engine

import (
	"errors"
	"fmt"
	"os"

	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/volume"
	"github.com/sandbox-rls/sandbox/runtime"
)

// DiskLimit bounds what a workspace's delta takes.
type DiskLimit struct {
	Bytes int64 // 0: no limit
	// BestEffort lets a workspace without the limit be made where it cannot be
	// enforced.
	BestEffort bool
}

func (e *Engine) createVolume(dir string, limit int64) (*volume.Volume, error) {
	const remedy = "run the program as root, on a machine with loop devices and e2fsprogs, or put its state directory (Config.StateDir) on a file system of that size"
	if e.owner.UID < 0 {
		return nil, fmt.Errorf("a disk limit needs root, outside of user namespaces (%w); %s", errors.ErrUnsupported, remedy)
	}
	v, err := e.volumes.Create(dir, limit)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil, fmt.Errorf("a disk limit: %w; %s", err, remedy)
	}
	if err != nil {
		return nil, fmt.Errorf("a disk limit: %w", err)
	}
	return v, nil
}

// Enforced says what came of the disk limit; nil when there is none.
func (w *Workspace) Enforced() *runtime.Enforcement { return w.enforced }

// ResizeDisk changes the disk limit.
func (w *Workspace) ResizeDisk(bytes int64) error {
	done, err := w.Hold()
	if err != nil {
		return err
	}
	defer done()
	switch {
	case w.delta == "":
		return nil // nothing can be written
	case w.volume == nil && (bytes == 0 || w.enforced != nil):
		return nil // none, or none that could be enforced
	case w.volume == nil:
		return fmt.Errorf("a sandbox that was made without a disk limit cannot be given one: make another (%w)", errors.ErrUnsupported)
	case bytes == 0:
		return fmt.Errorf("a disk limit can be raised, but not lifted: make another sandbox (%w)", errors.ErrUnsupported)
	}
	if err := w.volume.Resize(bytes); err != nil {
		return fmt.Errorf("changing the disk limit: %w", err)
	}
	return nil
}

// DiskUsage returns the bytes that the delta takes, and the number of its
// files. On a volume that costs nothing, else it grows with their number.
func (w *Workspace) DiskUsage() (bytes, files int64, err error) {
	done, err := w.Hold()
	if err != nil {
		return 0, 0, err
	}
	defer done()
	switch {
	case w.delta == "":
		return 0, 0, nil
	case w.volume != nil:
		return w.volume.Usage()
	}
	return delta.Size(w.Upper())
}

// deltaMount makes the mount of the volume for one start; nil without one.
func (w *Workspace) deltaMount() (*os.File, error) {
	if w.volume == nil {
		return nil, nil
	}
	return w.volume.Mount()
}
