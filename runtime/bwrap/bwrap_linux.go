// SPDX-License-Identifier: MIT

package bwrap

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/control"
	"github.com/sandbox-rls/sandbox/runtime"
	"github.com/sandbox-rls/sandbox/runtime/internal/launch"
)

// Runtime is the runtime by bubblewrap. See runtime.Runtime.
type Runtime struct {
	launcher *launch.Launcher
	program  string // "": this machine has none
	note     string
}

var (
	_ runtime.Runtime    = (*Runtime)(nil)
	_ runtime.Preparer   = (*Runtime)(nil)
	_ runtime.Substitute = (*Runtime)(nil)
)

// New returns the runtime by the program bwrap that is found in PATH. Where
// there is none it is the native runtime, by name too, and Note says why.
func New(opts ...Option) *Runtime {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	r := &Runtime{launcher: launch.New(launch.Options{DelegatedCgroup: o.delegatedCgroup, Program: o.program, Namespaces: holderNamespaces})}
	program, err := exec.LookPath("bwrap")
	if err != nil {
		r.note = fmt.Sprintf("bwrap was asked for, and this machine does not have it (%v); install bubblewrap to use it", err)
		return r
	}
	r.program = program
	return r
}

// Name is "bwrap", or "native" where there is no bwrap.
func (r *Runtime) Name() string {
	if r.program == "" {
		return "native"
	}
	return "bwrap"
}

// Note says why sandboxes are native ones; see runtime.Substitute.
func (r *Runtime) Note() string { return r.note }

// Owner is the sandbox user's number on the host when the caller is root.
func (r *Runtime) Owner() runtime.Owner { return r.launcher.Owner() }

// Prepare starts the process that forks the sandboxes' first processes, which
// Start otherwise does.
func (r *Runtime) Prepare() { r.launcher.Prepare() }

// Close ends all sandboxes that still run, and returns when none is left. A
// Start that is under way fails; a later one begins anew.
func (r *Runtime) Close() error { return r.launcher.Close() }

// Start builds a sandbox.
func (r *Runtime) Start(ctx context.Context, cfg runtime.Config) (runtime.Instance, error) {
	if r.program == "" {
		return r.launcher.Start(ctx, cfg, launch.Direct)
	}
	return r.launcher.Start(ctx, cfg, r.route)
}

// holderNamespaces are those around the ones that bwrap makes.
var holderNamespaces = []specs.LinuxNamespaceType{specs.UserNamespace, specs.MountNamespace, specs.PIDNamespace}

// route leads through a holder, which mounts the workspace and executes bwrap.
// The holder is the first process of a PID namespace around that of the sandbox:
// the kernel ends it after all others, the init included, and ends those with it.
func (r *Runtime) route(spec *specs.Spec, p launch.Planned) (launch.Order, error) {
	s, err := translate(spec, p.Setup.Steps)
	if err != nil {
		return launch.Order{}, err
	}
	program, err := unix.Open(r.program, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return launch.Order{}, &os.PathError{Op: "open", Path: r.program, Err: err}
	}
	log, err := unix.MemfdCreate("bwrap", unix.MFD_CLOEXEC)
	if err != nil {
		unix.Close(program)
		return launch.Order{}, os.NewSyscallError("memfd_create", err)
	}
	holder := &control.Setup{Steps: s.holder, Builder: control.Builder{
		Argv: s.argv, Program: "#" + strconv.Itoa(p.Layers), Log: "#" + strconv.Itoa(p.Layers+1),
	}}
	rest := *p.Setup
	rest.Standing, rest.Steps, rest.Hostname, rest.Loopback, rest.CgroupNS = true, s.init, "", false, false
	return launch.Order{
		Namespaces: holderNamespaces,
		Setups:     []*control.Setup{holder, &rest},
		Files:      []int{program, log},
		Explain:    func(err error) error { return explain(r.program, readLog(log), err) },
	}, nil
}

// readLog returns what bwrap wrote to its standard error, or the beginning of it.
func readLog(log int) string {
	buf := make([]byte, 4096)
	n, err := unix.Pread(log, buf, 0)
	if err != nil {
		return ""
	}
	return string(buf[:n])
}
