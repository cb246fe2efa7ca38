// SPDX-License-Identifier: MIT

package launch

import (
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/runtime"
)

// absolute makes the paths of a view independent of the working directory,
// which the inits do not share.
func absolute(v runtime.View) (runtime.View, error) {
	v.Lower, v.Above = slices.Clone(v.Lower), slices.Clone(v.Above)
	dirs := []*string{&v.Delta}
	for _, list := range [][]runtime.Layer{v.Lower, v.Above} {
		for i := range list {
			dirs = append(dirs, &list[i].Dir)
		}
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

// openView makes the detached mounts that the init inherits, in the order that
// the plan counts on. Without privilege there are none: the init opens the
// layers itself.
func (l *Launcher) openView(v runtime.View, t turn) (files []int, err error) {
	if !l.privileged {
		return nil, nil
	}
	list := slices.Concat(v.Above, v.Lower)
	if v.Delta != "" && v.DeltaMount == nil {
		list = append(list, runtime.Layer{Dir: v.Delta})
	}
	for _, layer := range list {
		fd, err := l.openLayer(layer, t)
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
