// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// errOwnState is why the state directory is left out of an import.
var errOwnState = errors.New("is the state directory")

// stateBeneath returns where the state directory is in a directory, with a leading slash,
// or "" when it is not in there. A directory within the state directory is refused.
func (m *Manager) stateBeneath(dir string) (string, error) {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", err
	}
	state, err := filepath.EvalSymlinks(m.engine.StateDir())
	if err != nil {
		return "", err
	}
	if dir == state || tree.Beneath(dir, state) {
		return "", invalidf("%s is in the state directory", dir)
	}
	if !tree.Beneath(state, dir) {
		return "", nil
	}
	name, err := filepath.Rel(dir, state)
	return "/" + name, err
}

// hideState returns the rules of a sandbox on a directory, in which the state directory, that
// has what other sandboxes are not to see, is not there, and is not committed to.
func (m *Manager) hideState(dir string, req *CreateSandboxRequest) ([]Rule, error) {
	path, err := checkDir(dir)
	if err != nil {
		return nil, err
	}
	state, err := m.stateBeneath(path)
	if err != nil || state == "" {
		return req.Rules, err
	}
	if req.Live { // one layer of an overlay must not lie in another
		return nil, invalidf("the state directory is in %s, which cannot be live: take a snapshot, or keep the state elsewhere", dir)
	}
	above, err := outranking(req.Rules)
	return append(slices.Clone(req.Rules), Rule{Pattern: state, Type: Directory, Permission: None, Priority: above}), err
}

// listWithoutState lists a directory without the state directory, which is told to be left out.
func (m *Manager) listWithoutState(ctx context.Context, dir string) (*tree.Tree, error) {
	state, err := m.stateBeneath(dir)
	if err != nil {
		return nil, err
	}
	if state == "" {
		return tree.List(ctx, dir)
	}
	t, err := tree.List(ctx, dir, tree.Prune(func(path string) bool { return path == state }))
	if err != nil {
		return nil, err
	}
	if at, ok := t.Find(state); ok {
		t.Entries = slices.Delete(t.Entries, at, at+1)
		t.Problems = append(t.Problems, tree.Problem{Path: state, Err: &Error{Op: "import", Path: state, Err: errOwnState}})
	}
	return t, nil
}

// outranking is a priority above those of all rules.
func outranking(rules []Rule) (int, error) {
	top := 0
	for _, r := range rules {
		top = max(top, r.Priority)
	}
	if top == math.MaxInt {
		return top, invalidf("no priority is left above that of a rule, %d", top)
	}
	return top + 1, nil
}
