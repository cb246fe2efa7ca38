// SPDX-License-Identifier: MIT

package launch

import (
	"slices"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/sandbox-rls/sandbox/internal/control"
	"github.com/sandbox-rls/sandbox/runtime"
)

// scratch are the file systems in memory that outlive an instance.
var scratch = []string{"/tmp", runtime.Home, "/dev/shm"}

func isScratch(m specs.Mount) bool {
	return m.Type == "tmpfs" && slices.Contains(scratch, m.Destination)
}

// scratchModes are the modes of the file systems that are kept, when they are new.
func scratchModes(spec *specs.Spec) []uint32 {
	var modes []uint32
	for _, m := range spec.Mounts {
		if !isScratch(m) {
			continue
		}
		mode := uint64(0o1777) // of a tmpfs without the option; see tmpfs(5)
		for _, o := range m.Options {
			if s, ok := strings.CutPrefix(o, "mode="); ok {
				mode, _ = strconv.ParseUint(s, 8, 12)
			}
		}
		modes = append(modes, uint32(mode))
	}
	return modes
}

// scratch adds a file system that is kept, new or as it was left.
func (p *planner) scratch(m specs.Mount, left bool) {
	attr, data := split(m.Options)
	step := control.Step{Op: control.OpTmpfs, Target: m.Destination, Attr: attr, Data: strings.Join(data, ",")}
	if left {
		step = control.Step{Op: control.OpTake, Source: strconv.Itoa(len(p.kept)), Target: m.Destination, Attr: attr}
	}
	p.dir(m.Destination, 0o755)
	p.add(step)
	p.kept = append(p.kept, m.Destination)
}

// keep has the init hand over what is new, before anything can run that would
// have an interest in handing over something else.
func (p *planner) keep() {
	if len(p.kept) > 0 {
		p.add(control.Step{Op: control.OpKeep, Targets: p.kept})
	}
}
