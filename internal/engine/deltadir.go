// SPDX-License-Identifier: MIT

package engine

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/sandbox-rls/sandbox/internal/tree"
	"github.com/sandbox-rls/sandbox/internal/volume"
	"github.com/sandbox-rls/sandbox/runtime"
)

// What a sandbox has on disk is in a directory of its own:
//
//	upper, work   the writable layer and the work directory of its overlay,
//	              or image, a file system with those two (internal/volume)
//	open          the open base
//	base-N        closed bases, the highest number on top
//	rebuilt…      what stands in for a checkout that was lost
//	checkpoints   kept upper layers, by id
//	committing    a mark, while its changes go into the codebase
func (e *Engine) deltaDir(id string) string { return filepath.Join(e.path("deltas"), id) }

// sweepDeltas removes the directories of sandboxes that are not to be kept.
func (e *Engine) sweepDeltas(keep map[string]bool) error {
	entries, err := os.ReadDir(e.path("deltas"))
	if err != nil {
		return err
	}
	for _, d := range entries {
		if !keep[d.Name()] {
			err = errors.Join(err, e.bin.throw(e.deltaDir(d.Name())))
		}
	}
	return err
}

// addDelta makes the layer that holds what the sandbox changes, or takes the one
// that is there. One of a codebase has such a layer also when its rules let
// nothing be written: what is uploaded meanwhile is put there.
func (w *Workspace) addDelta(disk DiskLimit) error {
	if !w.Plan.Writable && disk.Bytes > 0 {
		w.enforced = &runtime.Enforcement{Resource: runtime.Disk, By: "rules that let nothing be written"}
		disk.Bytes = 0
	}
	if !w.Plan.Writable && w.origin.Codebase == "" {
		return nil
	}
	root, err := os.Stat(w.lower[0].Dir)
	if err != nil {
		return err
	}
	err = os.Mkdir(w.dir, 0o700)
	if errors.Is(err, os.ErrExist) {
		return w.findDelta(disk)
	}
	if err == nil {
		err = w.makeDelta(disk, root.Mode().Perm())
	}
	if err != nil {
		_ = w.engine.bin.throw(w.dir)
	}
	return err
}

func (w *Workspace) makeDelta(disk DiskLimit, mode os.FileMode) error {
	e := w.engine
	if err := e.own(w.dir, 0o700); err != nil {
		return err
	}
	place, err := w.limitDisk(disk)
	if err != nil {
		return err
	}
	for name, mode := range map[string]os.FileMode{"upper": mode, "work": 0o700} {
		if err := e.mkdir(filepath.Join(place, name), mode); err != nil {
			return err
		}
	}
	w.delta = place
	return nil
}

// findDelta takes the delta that an earlier process has left.
func (w *Workspace) findDelta(disk DiskLimit) error {
	if err := w.findBases(); err != nil {
		return err
	}
	place, err := w.limitDisk(disk)
	if err != nil {
		return err
	}
	w.delta = place
	// Of what was not finished.
	return errors.Join(tree.Remove(filepath.Join(place, freshUpper)), tree.Remove(filepath.Join(w.dir, mergingBases)))
}

// limitDisk puts the delta on a volume of its own if it has a limit, and returns
// where it is.
func (w *Workspace) limitDisk(limit DiskLimit) (string, error) {
	if limit.Bytes == 0 {
		return w.dir, nil
	}
	v, err := w.openVolume(limit.Bytes)
	switch {
	case err == nil:
		w.volume, w.enforced = v, &runtime.Enforcement{Resource: runtime.Disk, By: "ext4 in a file"}
		return v.Root(), nil
	case limit.BestEffort:
		w.enforced = &runtime.Enforcement{Resource: runtime.Disk, Reason: err.Error()}
		return w.dir, nil
	}
	return "", err
}

// openVolume opens the volume that is there, or makes one.
func (w *Workspace) openVolume(limit int64) (*volume.Volume, error) {
	if volume.Exists(w.dir) {
		return volume.Open(w.dir, limit)
	}
	return w.engine.createVolume(w.dir, limit)
}

// mkdir makes a directory of the sandbox's user, or takes the one that a volume
// comes with.
func (e *Engine) mkdir(path string, mode os.FileMode) error {
	if err := os.Mkdir(path, mode); err != nil && !os.IsExist(err) {
		return err
	}
	return e.own(path, mode)
}

func (e *Engine) own(path string, mode os.FileMode) error {
	if err := os.Chmod(path, mode); err != nil {
		return err
	}
	if e.owner.UID < 0 {
		return nil
	}
	return os.Chown(path, e.owner.UID, e.owner.GID)
}
