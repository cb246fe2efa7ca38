// SPDX-License-Identifier: MIT

package launch

import (
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/sandbox-rls/sandbox/internal/control"
)

// Route is the way from the first process that is forked to the init.
type Route func(spec *specs.Spec, p Planned) (Order, error)

// Planned is what a route begins with.
type Planned struct {
	// Setup is all that there is to do, from an empty root on.
	Setup *control.Setup
	// Layers is how many layers the first process gets as files: those of an Order
	// come after them, and a Setup names them "#N" likewise.
	Layers int
}

// Order is how a sandbox is to be started.
type Order struct {
	// Namespaces are those of the first process, by their types.
	Namespaces []specs.LinuxNamespaceType
	// Setups are the orders of the processes on the way, each of which takes one
	// from the same socket. The last is the init's.
	Setups []*control.Setup
	// Files are what the first process gets besides the layers. The launcher closes
	// them when the start is over.
	Files []int
	// Explain says more of why the start failed, when nothing of the sandbox is
	// left. Nil: nothing more is known.
	Explain func(error) error
}

// Direct is the route without a detour: the first process is the init.
func Direct(spec *specs.Spec, p Planned) (Order, error) {
	o := Order{Setups: []*control.Setup{p.Setup}}
	o.Namespaces = types(spec.Linux.Namespaces)
	return o, nil
}

func types(list []specs.LinuxNamespace) (types []specs.LinuxNamespaceType) {
	for _, ns := range list {
		types = append(types, ns.Type)
	}
	return types
}
