// SPDX-License-Identifier: MIT

package delta

import (
	"io/fs"
	"slices"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

const charDevice = fs.ModeDevice | fs.ModeCharDevice

// merged is a file as the lower layers together show it. A directory comes
// with the layers whose directories make it up, the topmost first.
type merged struct {
	*found
	layers []layer
}

// lookup finds path, a name within the directory that layers make up. It is
// nil where nothing is.
func lookup(layers []layer, path string) (*merged, error) {
	var m *merged
	for _, l := range layers {
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
		if l.opaque(path) {
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

// descend calls f with all that lies beneath the directory dir.
func descend(dir *merged, buf []byte, f func(*merged)) error {
	stack := []*merged{dir}
	for len(stack) > 0 {
		d := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		names, err := list(d.layers, d.Path, buf)
		if err != nil {
			return err
		}
		first := len(stack)
		for _, name := range names {
			m, err := lookup(d.layers, tree.Join(d.Path, name))
			if err != nil {
				return err
			}
			if m == nil {
				continue
			}
			f(m)
			if m.Mode.IsDir() {
				stack = append(stack, m)
			}
		}
		slices.Reverse(stack[first:]) // the cursors like tree order
	}
	return nil
}
