// SPDX-License-Identifier: MIT

package sandbox

import (
	"fmt"
	"maps"
	"slices"

	"github.com/sandbox-rls/sandbox/runtime"
)

// addRuntime lets sandboxes be run by a runtime, and found again by its name.
func (m *Manager) addRuntime(rt runtime.Runtime) error {
	if rt.Owner() != m.runtime.Owner() {
		return fmt.Errorf("%w: runtime %s owns files as another user than the manager's; make a manager with it", ErrUnsupported, rt.Name())
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.runtimes[rt.Name()] = rt
	return nil
}

// runtimeOf returns the runtime that a request asks for.
func (m *Manager) runtimeOf(req *CreateSandboxRequest) (runtime.Runtime, error) {
	if req.runtime != nil {
		return req.runtime, m.addRuntime(req.runtime)
	}
	return m.runtimeNamed(req.Runtime)
}

// checkNetwork reports, as ErrInvalid, that a runtime has no network of that name.
func checkNetwork(rt runtime.Runtime, n Network) error {
	if n == "" || n == NetworkNone || n == NetworkHost {
		return nil
	}
	net, ok := rt.(runtime.Networked)
	if !ok {
		return invalidf("network %q is neither %q nor %q, which are those of the runtime %s", n, NetworkNone, NetworkHost, rt.Name())
	}
	if err := net.CheckNetwork(n); err != nil {
		return because(ErrInvalid, err)
	}
	return nil
}

func (m *Manager) runtimeNamed(name string) (runtime.Runtime, error) {
	if name == "" {
		return m.runtime, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if rt := m.runtimes[name]; rt != nil {
		return rt, nil
	}
	return nil, fmt.Errorf("%w: this manager has no runtime %q, but %q: name it in Config.Runtimes", ErrUnsupported, name, slices.Sorted(maps.Keys(m.runtimes)))
}
