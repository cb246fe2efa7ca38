// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/sandbox-rls/sandbox"
)

// lab is where everything is measured: a directory with trees and a manager.
type lab struct {
	ctx   context.Context
	sizes sizes
	dir   string
	host  *host
	m     *sandbox.Manager
	n     int
	trees map[int]string
}

func newLab(ctx context.Context, base string, s sizes) (*lab, error) {
	dir, err := os.MkdirTemp(base, "sandbox-bench-")
	if err != nil {
		return nil, err
	}
	l := &lab{ctx: ctx, sizes: s, dir: dir, trees: make(map[int]string)}
	if err := l.begin(); err != nil {
		_ = l.close()
		return nil, err
	}
	return l, nil
}

func (l *lab) begin() (err error) {
	if l.host, err = newHost(l.ctx, l.path("home")); err != nil {
		return err
	}
	l.m, err = l.manager()
	return err
}

func (l *lab) path(name string) string { return filepath.Join(l.dir, name) }

// manager makes a manager with a state directory of its own, which knows no
// snapshot yet.
func (l *lab) manager() (*sandbox.Manager, error) {
	l.n++
	return sandbox.NewManager(sandbox.Config{StateDir: l.path("state-" + strconv.Itoa(l.n))})
}

// discard closes a manager and removes what it kept.
func (l *lab) discard(m *sandbox.Manager, n int) error {
	if err := m.Close(); err != nil {
		return err
	}
	return os.RemoveAll(l.path("state-" + strconv.Itoa(n)))
}

func (l *lab) close() error {
	if l.m != nil {
		_ = l.m.Close()
	}
	return os.RemoveAll(l.dir)
}

// tree returns a tree of n files that nothing changes.
func (l *lab) tree(n int) (string, error) {
	if dir := l.trees[n]; dir != "" {
		return dir, nil
	}
	dir := l.path(fmt.Sprintf("tree-%d", n))
	if err := makeTree(dir, n); err != nil {
		return "", err
	}
	l.trees[n] = dir
	return dir, nil
}

// scratch makes an empty directory.
func (l *lab) scratch() (string, error) { return os.MkdirTemp(l.dir, "scratch-") }
