// SPDX-License-Identifier: MIT

package bwrap

import (
	"fmt"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/sandbox-rls/sandbox/internal/control"
	"github.com/sandbox-rls/sandbox/internal/initproc"
	"github.com/sandbox-rls/sandbox/runtime"
)

// Mount attributes of mount_setattr(2).
const (
	attrRDONLY = 0x1
	attrNODEV  = 0x4
	attrNOEXEC = 0x8
)

// shares are who does what of the building of a sandbox.
type shares struct {
	// holder mounts the workspace, since bwrap has no overlays, or none of which
	// layers could be handed over. It does so in a root that has nothing besides
	// what bwrap is to bind, each thing at its place in the sandbox and with its
	// attributes already: no mount of a lesser user namespace can be without them.
	holder []control.Step
	// argv has bwrap make the namespaces and bind what is of the host.
	argv []string
	// init does the rest in the root that bwrap made.
	init []control.Step
}

// translate divides the steps of a set-up. Whatever bwrap can do in their
// sense is bwrap's. It is pure.
func translate(spec *specs.Spec, all []control.Step) (*shares, error) {
	s := &shares{argv: []string{"bwrap"}}
	if err := s.flags(spec); err != nil {
		return nil, err
	}
	for i, step := range all {
		if err := s.step(step, all[i+1:]); err != nil {
			return nil, err
		}
	}
	s.argv = append(s.argv, "--chdir", "/", "--")
	s.argv = append(s.argv, initproc.BuilderArgv()...)
	return s, nil
}

var unshare = map[specs.LinuxNamespaceType]string{
	specs.UserNamespace:    "--unshare-user",
	specs.IPCNamespace:     "--unshare-ipc",
	specs.PIDNamespace:     "--unshare-pid",
	specs.UTSNamespace:     "--unshare-uts",
	specs.CgroupNamespace:  "--unshare-cgroup",
	specs.NetworkNamespace: "--unshare-net", // which brings up the loopback interface, too
}

// flags are what is not about mounts. The capabilities are those by which the
// init does its share, and gets rid of them.
func (s *shares) flags(spec *specs.Spec) error {
	for _, ns := range spec.Linux.Namespaces {
		flag, ok := unshare[ns.Type]
		if !ok && ns.Type != specs.MountNamespace { // which bwrap always makes
			return fmt.Errorf("namespace of type %q: %w", ns.Type, runtime.ErrUnsupported)
		}
		if ok {
			s.arg(flag)
		}
	}
	s.arg("--uid", fmt.Sprint(spec.Process.User.UID), "--gid", fmt.Sprint(spec.Process.User.GID))
	s.arg("--hostname", spec.Hostname)
	s.arg("--as-pid-1", "--die-with-parent", "--new-session")
	s.arg("--cap-add", "CAP_SYS_ADMIN", "--cap-add", "CAP_SETPCAP")
	return nil
}

func (s *shares) arg(args ...string) { s.argv = append(s.argv, args...) }

// step gives a step to whom it belongs. Later are the steps after it.
func (s *shares) step(step control.Step, later []control.Step) error {
	switch step.Op {
	case control.OpTmpfs:
		switch {
		case step.Target == "/": // bwrap begins with one of its own
			s.holder = append(s.holder, step)
		case s.hidden(step.Target) || !bindsBeneath(step.Target, later):
			s.init = append(s.init, step)
		default:
			return s.tmpfs(step, later)
		}
	case control.OpTake:
		if bindsBeneath(step.Target, later) {
			return fmt.Errorf("a bind beneath %s, which is kept: %w by bwrap", step.Target, runtime.ErrUnsupported)
		}
		s.init = append(s.init, step)
	case control.OpOverlay, control.OpTree:
		s.workspace(step)
	case control.OpBind:
		if s.hidden(step.Target) { // the init has no way to the host's tree any more
			return fmt.Errorf("a bind on %s, beneath what the init mounts: %w by bwrap", step.Target, runtime.ErrUnsupported)
		}
		s.plain(step)
	case control.OpDir, control.OpSymlink, control.OpProc:
		s.plain(step)
	default:
		s.init = append(s.init, step)
	}
	return nil
}

// plain translates a step that has a counterpart among the options of bwrap.
func (s *shares) plain(step control.Step) {
	if s.hidden(step.Target) {
		s.init = append(s.init, step)
		return
	}
	s.holder = append(s.holder, step)
	switch {
	case step.Op == control.OpDir:
		if step.Mode != 0o755 { // which is bwrap's own
			s.arg("--perms", fmt.Sprintf("%04o", step.Mode))
		}
		s.arg("--dir", step.Target)
	case step.Op == control.OpSymlink:
		s.arg("--symlink", step.Data, step.Target)
	case step.Op == control.OpProc:
		s.arg("--proc", step.Target)
	case step.Attr&attrNODEV == 0:
		s.arg("--dev-bind", step.Target, step.Target)
	default:
		s.arg(bindFlag(step.Attr), step.Target, step.Target)
	}
}

func bindFlag(attr uint64) string {
	if attr&attrRDONLY != 0 {
		return "--ro-bind"
	}
	return "--bind"
}

// tmpfs has bwrap make a file system, since there will be binds on it. Its size
// cannot be limited, which does not matter to one that is sealed before any
// command runs.
func (s *shares) tmpfs(step control.Step, later []control.Step) error {
	for _, o := range strings.Split(step.Data, ",") {
		switch key, value, _ := strings.Cut(o, "="); {
		case key == "mode":
			s.arg("--perms", value)
		case !sealed(step.Target, later):
			return fmt.Errorf("a tmpfs with the option %q and binds on it, on %s: %w by bwrap", o, step.Target, runtime.ErrUnsupported)
		}
	}
	s.arg("--tmpfs", step.Target)
	if step.Attr&attrNOEXEC != 0 { // which bwrap does not set
		s.init = append(s.init, control.Step{Op: control.OpSeal, Target: step.Target, Attr: attrNOEXEC})
	}
	return nil
}

func sealed(name string, steps []control.Step) bool {
	return slices.ContainsFunc(steps, func(s control.Step) bool {
		return s.Op == control.OpSeal && s.Target == name && s.Attr&attrRDONLY != 0
	})
}

// workspace has the holder mount the workspace, and bwrap bind it.
func (s *shares) workspace(step control.Step) {
	s.holder = append(s.holder, step)
	s.arg(bindFlag(step.Attr), step.Target, step.Target)
}

// hidden reports whether the init mounts something over a path: what is bwrap's
// would be beneath it.
func (s *shares) hidden(name string) bool {
	return slices.ContainsFunc(s.init, func(i control.Step) bool {
		return (i.Op == control.OpTmpfs || i.Op == control.OpDevpts || i.Op == control.OpTake) && beneath(name, i.Target)
	})
}

func bindsBeneath(dir string, steps []control.Step) bool {
	return slices.ContainsFunc(steps, func(s control.Step) bool { return s.Op == control.OpBind && beneath(s.Target, dir) })
}

func beneath(name, dir string) bool { return strings.HasPrefix(name, dir+"/") }
