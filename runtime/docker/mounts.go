// SPDX-License-Identifier: MIT

package docker

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/sandbox-rls/sandbox/internal/initproc"
	"github.com/sandbox-rls/sandbox/runtime"
)

// stage is where the layers are for as long as the workspace is put together.
const stage = initproc.ContainerDir

// mountOp is one kind of step in the mounting of a workspace in a container.
type mountOp int

const (
	opUnmount mountOp = iota // let go of what is at target
	opStage                  // a file system in memory at target
	opDir                    // a directory
	opLayer                  // attach layer number n at target
	opOverlay                // an overlay with data
	opCover                  // keep target, and cover it by a read-only bind of itself
	opSeal                   // make the mount at target read-only
	opRemove                 // remove the directory target
)

func (o mountOp) String() string {
	return [...]string{"unmount", "stage", "dir", "layer", "overlay", "cover", "seal", "remove"}[o]
}

// mountStep is one step. Paths are those of the container.
type mountStep struct {
	op     mountOp
	target string
	n      int
	data   string
}

func (s mountStep) String() string {
	switch s.op {
	case opLayer:
		return fmt.Sprintf("%v %d at %s", s.op, s.n, s.target)
	case opOverlay:
		return fmt.Sprintf("%v at %s: %s", s.op, s.target, s.data)
	}
	return fmt.Sprintf("%v %s", s.op, s.target)
}

// planMounts says how a view is mounted in a container. It is pure. The layers are
// detached mounts, numbered as layersOf lists them.
func planMounts(v runtime.View) ([]mountStep, error) {
	if len(v.Lower) == 0 || !path.IsAbs(v.Target) {
		return nil, errors.New("a view needs a lower layer and an absolute target")
	}
	steps := []mountStep{
		{op: opUnmount, target: initproc.ContainerProgram},
		{op: opUnmount, target: stage},
		{op: opStage, target: stage},
	}
	var names []string
	for i := range layersOf(v) {
		at := stage + "/" + strconv.Itoa(i)
		names = append(names, at)
		steps = append(steps, mountStep{op: opDir, target: at}, mountStep{op: opLayer, target: at, n: i})
	}
	if len(names) == 1 {
		// Nothing is laid over the one layer, which is where it belongs at once.
		steps = append(steps[:3], mountStep{op: opLayer, target: v.Target}, mountStep{op: opSeal, target: v.Target})
		return finish(steps), nil
	}
	options := "userxattr"
	if v.Delta != "" {
		delta := names[len(names)-1]
		names = names[:len(names)-1]
		options += ",upperdir=" + delta + "/upper,workdir=" + delta + "/work"
	}
	if v.Facade {
		facade := len(v.Above)
		if facade >= len(names)-1 {
			return nil, errors.New("a facade needs a layer behind it")
		}
		merged := stage + "/merged"
		steps = append(steps, mountStep{op: opDir, target: merged},
			mountStep{op: opOverlay, target: merged, data: overlayData(names[facade+1:], "userxattr")})
		names = append(slices.Clone(names[:facade+1]), merged)
	}
	steps = append(steps, mountStep{op: opOverlay, target: v.Target, data: overlayData(names, options)})
	if v.Delta != "" {
		steps = append(steps, mountStep{op: opCover, target: v.Target})
	} else {
		steps = append(steps, mountStep{op: opSeal, target: v.Target})
	}
	return finish(steps), nil
}

func finish(steps []mountStep) []mountStep {
	return append(steps, mountStep{op: opUnmount, target: stage}, mountStep{op: opRemove, target: stage})
}

func overlayData(lower []string, options string) string {
	return options + ",lowerdir=" + strings.Join(lower, ":")
}

// layersOf lists the layers of a view: those above, the lower ones, then the delta.
func layersOf(v runtime.View) []runtime.Layer {
	list := slices.Concat(v.Above, v.Lower)
	if v.Delta != "" {
		list = append(list, runtime.Layer{Dir: v.Delta})
	}
	return list
}
