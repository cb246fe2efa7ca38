// SPDX-License-Identifier: MIT

package launch

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/sandbox-rls/sandbox/internal/control"
	"github.com/sandbox-rls/sandbox/runtime"
)

// Mount attributes of mount_setattr(2), spelled out so that plans are made,
// and tested, on any system.
const (
	attrRDONLY = 0x1
	attrNOSUID = 0x2
	attrNODEV  = 0x4
	attrNOEXEC = 0x8
)

// Host is what a plan must know of the machine.
type Host struct {
	// Links are the top-level directories that are symlinks: "/bin" → "usr/bin".
	Links map[string]string
	// Missing are sources of binds that do not exist.
	Missing map[string]bool
	// Files are small files of /etc that are copied.
	Files map[string]string
	// Inherit says that layers are handed over as detached mounts: a root
	// owner may reach directories that the sandbox's user may not.
	Inherit bool
}

// planner collects the steps that build a root.
type planner struct {
	steps []control.Step
	made  map[string]bool
}

// Plan turns a spec and a view into the init's orders. It is pure.
func Plan(cfg runtime.Config, h Host) (*control.Setup, error) {
	p := &planner{made: map[string]bool{"/": true}}
	if err := placed(cfg); err != nil {
		return nil, err
	}
	if err := p.keep(cfg.Spec.Mounts); err != nil {
		return nil, err
	}
	p.add(control.Step{Op: control.OpTmpfs, Target: "/", Data: "mode=0755,size=16m", Attr: attrNOSUID | attrNODEV})
	for _, m := range cfg.Spec.Mounts {
		if isScratch(m) {
			p.take(m)
			continue
		}
		if err := p.mount(m, h); err != nil {
			return nil, err
		}
	}
	p.dev()
	p.etc(cfg.Spec.Hostname, h)
	if err := p.view(cfg.View, h.Inherit); err != nil {
		return nil, err
	}
	p.add(control.Step{Op: control.OpSeal, Target: "/dev", Attr: attrRDONLY})
	if cfg.Spec.Root.Readonly {
		p.add(control.Step{Op: control.OpSeal, Target: "/", Attr: attrRDONLY})
	}
	setup := &control.Setup{
		Steps:    p.steps,
		Hostname: cfg.Spec.Hostname,
		CgroupNS: hasNamespace(cfg.Spec, specs.CgroupNamespace),
		Loopback: hasNamespace(cfg.Spec, specs.NetworkNamespace),
		Filter:   cfg.Filter,
		Notify:   cfg.Notify,
		Kept:     cfg.Scratch != nil,
		Limited:  runtime.LimitsOf(cfg.Spec.Linux.Resources) != (runtime.ResourceLimits{}),
		Dir:      cfg.Spec.Process.Cwd,
		UID:      int(cfg.Spec.Process.User.UID),
		GID:      int(cfg.Spec.Process.User.GID),
	}
	if cfg.HideContent {
		setup.Readable = p.readable(cfg.View.Target)
	}
	return setup, nil
}

// placed checks that all has an absolute place.
func placed(cfg runtime.Config) error {
	for _, m := range cfg.Spec.Mounts {
		if !path.IsAbs(m.Destination) {
			return fmt.Errorf("a mount on %q, which is no absolute path: %w", m.Destination, fs.ErrInvalid)
		}
	}
	if !path.IsAbs(cfg.View.Target) {
		return fmt.Errorf("a workspace at %q, which is no absolute path: %w", cfg.View.Target, fs.ErrInvalid)
	}
	return nil
}

func (p *planner) add(s control.Step) { p.steps = append(p.steps, s) }

// dir makes a directory and those above it.
func (p *planner) dir(name string, mode uint32) {
	if p.made[name] {
		return
	}
	p.dir(path.Dir(name), 0o755)
	p.made[name] = true
	p.add(control.Step{Op: control.OpDir, Target: name, Mode: mode})
}

func (p *planner) file(name, data string) {
	p.dir(path.Dir(name), 0o755)
	p.add(control.Step{Op: control.OpFile, Target: name, Data: data, Mode: 0o644})
}

func (p *planner) link(name, target string) {
	p.dir(path.Dir(name), 0o755)
	p.add(control.Step{Op: control.OpSymlink, Target: name, Data: target})
}

// mount adds one mount of the spec.
func (p *planner) mount(m specs.Mount, h Host) error {
	attr, data := split(m.Options)
	if m.Type == "bind" {
		if target, ok := h.Links[m.Source]; ok {
			p.link(m.Destination, target)
			return nil
		}
		if h.Missing[m.Source] {
			return nil
		}
		p.dir(path.Dir(m.Destination), 0o755)
		// The init makes the mount point itself, as a file or a directory.
		p.made[m.Destination] = true
		p.add(control.Step{Op: control.OpBind, Source: m.Source, Target: m.Destination, Attr: attr})
		return nil
	}
	op, ok := map[string]control.Op{"proc": control.OpProc, "tmpfs": control.OpTmpfs, "devpts": control.OpDevpts}[m.Type]
	if !ok {
		return fmt.Errorf("mount of type %q on %s: %w", m.Type, m.Destination, runtime.ErrUnsupported)
	}
	p.dir(m.Destination, 0o755)
	p.add(control.Step{Op: op, Target: m.Destination, Attr: attr, Data: strings.Join(data, ",")})
	return nil
}

// split parts the options of a mount into attributes and those of its file system.
func split(options []string) (attr uint64, data []string) {
	for _, o := range options {
		switch o {
		case "bind", "rbind":
		case "ro":
			attr |= attrRDONLY
		case "nosuid":
			attr |= attrNOSUID
		case "nodev":
			attr |= attrNODEV
		case "noexec":
			attr |= attrNOEXEC
		default:
			data = append(data, o)
		}
	}
	return attr, data
}

func (p *planner) dev() {
	p.link("/dev/fd", "/proc/self/fd")
	p.link("/dev/stdin", "/proc/self/fd/0")
	p.link("/dev/stdout", "/proc/self/fd/1")
	p.link("/dev/stderr", "/proc/self/fd/2")
	p.link("/dev/ptmx", "pts/ptmx")
}

// etc writes the few files that programs look for.
func (p *planner) etc(hostname string, h Host) {
	p.file("/etc/passwd", fmt.Sprintf("root:x:0:0:root:/nonexistent:/usr/sbin/nologin\n%s:x:%d:%d:%s:%s:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
		runtime.UserName, runtime.UserID, runtime.GroupID, runtime.UserName, runtime.Home))
	p.file("/etc/group", fmt.Sprintf("root:x:0:\n%s:x:%d:\nnogroup:x:65534:\n", runtime.UserName, runtime.GroupID))
	p.file("/etc/hosts", "127.0.0.1\tlocalhost "+hostname+"\n::1\tlocalhost ip6-localhost ip6-loopback\n")
	p.file("/etc/hostname", hostname+"\n")
	p.file("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n")
	names := make([]string, 0, len(h.Files))
	for name := range h.Files {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		p.file(name, h.Files[name])
	}
}

// view adds the workspace. The layers are paths, or the files that the init
// inherits, in order: the lower ones, then the delta.
func (p *planner) view(v runtime.View, inherit bool) error {
	if len(v.Lower) == 0 || !path.IsAbs(v.Target) {
		return fmt.Errorf("a view needs a lower layer and an absolute target")
	}
	p.dir(v.Target, 0o755)
	const attr = attrRDONLY | attrNOSUID | attrNODEV
	layers := layers(v)
	above := uint32(0)
	if v.Facade {
		above = uint32(len(v.Above))
	}
	if inherit {
		for i := range layers {
			layers[i] = "#" + strconv.Itoa(i)
		}
	}
	switch {
	case v.Delta != "":
		p.add(control.Step{Op: control.OpOverlay, Target: v.Target, Writable: true, Facade: v.Facade, Above: above, Layers: layers})
		p.add(control.Step{Op: control.OpCover, Target: v.Target})
	case len(layers) > 1:
		p.add(control.Step{Op: control.OpOverlay, Target: v.Target, Facade: v.Facade, Above: above, Layers: layers, Attr: attr})
	default:
		p.add(control.Step{Op: control.OpTree, Target: v.Target, Layers: layers, Attr: attr})
	}
	return nil
}

// layers lists the directories of a view: those above, the lower ones, then the delta.
func layers(v runtime.View) []string {
	var dirs []string
	for _, l := range slices.Concat(v.Above, v.Lower) {
		dirs = append(dirs, l.Dir)
	}
	if v.Delta != "" {
		dirs = append(dirs, v.Delta)
	}
	return dirs
}

// readable are the places, all but the workspace, where files may be read.
func (p *planner) readable(workspace string) []string {
	var dirs []string
	for _, s := range p.steps {
		top := strings.Count(s.Target, "/") == 1 && s.Target != "/"
		if top && s.Target != workspace && s.Op != control.OpSeal && s.Op != control.OpSymlink && !slices.Contains(dirs, s.Target) {
			dirs = append(dirs, s.Target)
		}
	}
	return dirs
}

func hasNamespace(spec *specs.Spec, kind specs.LinuxNamespaceType) bool {
	return slices.ContainsFunc(spec.Linux.Namespaces, func(ns specs.LinuxNamespace) bool { return ns.Type == kind })
}
