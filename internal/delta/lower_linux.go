// SPDX-License-Identifier: MIT

package delta

import (
	"io/fs"
	"slices"
)

const charDevice = fs.ModeDevice | fs.ModeCharDevice

// merged is a file as layers together show it. A directory comes with the
// layers whose directories make it up, the topmost first.
type merged struct {
	*found
	layers []layer
}

// dir is m if it is a directory.
func (m *merged) dir() *merged {
	if m == nil || !m.Mode.IsDir() {
		return nil
	}
	return m
}

// stack are the layers of a directory; none of a nil one.
func (m *merged) stack() []layer {
	if m == nil {
		return nil
	}
	return m.layers
}

// lookup finds path, a name within the directory that layers make up. It is
// nil where nothing is.
func lookup(layers []layer, path string) (*merged, error) {
	var m *merged
	for i, l := range layers {
		f, err := l.find(path)
		if err != nil {
			return nil, &fs.PathError{Op: "lstat", Path: path, Err: err}
		}
		if f == nil {
			continue
		}
		if f.whiteout() || m != nil && !f.Mode.IsDir() {
			break
		}
		if m == nil {
			m = &merged{found: f}
		}
		if !f.Mode.IsDir() {
			break
		}
		m.layers = append(m.layers, l)
		if i+1 < len(layers) && l.opaque(path) {
			break
		}
	}
	return m, nil
}

// list returns the names in the directory dir that layers make up, sorted.
// Some may be whiteouts: lookup tells.
func list(layers []layer, dir string, buf []byte) ([]string, error) {
	var all []string
	for _, l := range layers {
		names, err := l.names(dir, buf)
		if vanished(err) {
			continue
		}
		if err != nil {
			return nil, &fs.PathError{Op: "readdir", Path: dir, Err: err}
		}
		all = append(all, names...)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}
