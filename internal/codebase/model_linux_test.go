// SPDX-License-Identifier: MIT

package codebase_test

import (
	"io/fs"
	"slices"
	"strings"

	"github.com/sandbox-rls/sandbox/internal/codebase"
)

// model is a codebase in the simplest terms: a map, and what was removed.
type model struct {
	version uint64
	files   map[string]node
	dead    map[string]node
}

type node struct {
	mode    fs.FileMode
	content string // or the target of a link
	version uint64
	written int64
}

// now is later than all times that are said.
const now = 1 << 62

func newModel() *model {
	return &model{
		version: 1, dead: map[string]node{},
		files: map[string]node{"/": {mode: fs.ModeDir | 0o755, version: 1, written: now}},
	}
}

func parent(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	}
	return "/"
}

func beneath(path, dir string) bool {
	return dir == "/" && path != "/" || strings.HasPrefix(path, dir+"/")
}

// under are all paths beneath a directory.
func (m *model) under(dir string) []string {
	var all []string
	for path := range m.files {
		if beneath(path, dir) {
			all = append(all, path)
		}
	}
	slices.Sort(all)
	return all
}

// obstacle is the lowest path above another that is there and no directory.
func (m *model) obstacle(path string) (string, bool) {
	for path != "/" {
		path = parent(path)
		if n, ok := m.files[path]; ok {
			return path, !n.mode.IsDir()
		}
	}
	return "", false
}

func (m *model) set(path string, n node) {
	n.version = m.version + 1
	n.written = max(n.written, m.files[path].written)
	m.files[path] = n
	delete(m.dead, path)
	if up := parent(path); path != "/" {
		if _, ok := m.files[up]; !ok {
			m.set(up, node{mode: fs.ModeDir | 0o755, written: now})
		}
	}
}

func (m *model) kill(path string, written int64) {
	m.dead[path] = node{version: m.version + 1, written: max(written, m.files[path].written)}
	delete(m.files, path)
}

func (m *model) upload(path, content string) bool {
	old, there := m.files[path]
	if _, blocked := m.obstacle(path); blocked || there && old.mode.IsDir() {
		return false
	}
	mode := fs.FileMode(0o644)
	if there && old.mode.IsRegular() {
		mode = old.mode
	}
	m.set(path, node{mode: mode, content: content, written: now})
	m.version++
	return true
}

func (m *model) remove(path string) bool {
	if _, ok := m.files[path]; !ok || path == "/" {
		return false
	}
	for _, p := range append(m.under(path), path) {
		m.kill(p, now)
	}
	m.version++
	return true
}

// action is one item of a batch.
type action struct {
	path    string
	delete  bool
	node    node
	written int64
	base    uint64
}

func (a action) item() codebase.Item {
	it := codebase.Item{
		Path: a.path, Delete: a.delete, Mode: a.node.mode, ModTime: 7, Written: a.written, Base: a.base,
	}
	if a.node.mode&fs.ModeSymlink != 0 {
		it.Link = a.node.content
	} else {
		it.Open = text(a.node.content)
	}
	return it
}

func (m *model) free(n node, a action, strict bool) bool {
	return n.version <= a.base || n.version == m.version+1 || !strict && a.written >= n.written
}

func (m *model) apply(actions []action, strict bool) {
	changed := false
	for _, a := range actions {
		if a.written == 0 {
			a.written = now
		}
		if a.delete {
			changed = m.applyRemoval(a, strict) || changed
		} else {
			changed = m.applyPut(a, strict) || changed
		}
	}
	if changed {
		m.version++
	}
}

func (m *model) applyPut(a action, strict bool) bool {
	old, there := m.files[a.path]
	if there && old.mode == a.node.mode && (old.content == a.node.content || old.mode.IsDir()) {
		return false
	}
	if !there {
		old = m.dead[a.path]
	}
	if !m.free(old, a, strict) {
		return false
	}
	if !a.node.mode.IsDir() {
		for _, p := range m.under(a.path) {
			if !m.free(m.files[p], a, strict) {
				return false
			}
		}
	}
	if at, blocked := m.obstacle(a.path); blocked {
		if !m.free(m.files[at], a, strict) {
			return false
		}
		m.kill(at, a.written)
	}
	if !a.node.mode.IsDir() {
		for _, p := range m.under(a.path) {
			m.kill(p, a.written)
		}
	}
	n := a.node
	n.written = a.written
	m.set(a.path, n)
	return true
}

func (m *model) applyRemoval(a action, strict bool) bool {
	if _, there := m.files[a.path]; !there {
		return false
	}
	changed := false
	all := append([]string{a.path}, m.under(a.path)...)
	for _, p := range slices.Backward(all) { // longer ones first
		if len(m.under(p)) == 0 && m.free(m.files[p], a, strict) {
			m.kill(p, a.written)
			changed = true
		}
	}
	return changed
}
