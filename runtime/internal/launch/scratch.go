// SPDX-License-Identifier: MIT

package launch

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/sandbox-rls/sandbox/internal/control"
	"github.com/sandbox-rls/sandbox/runtime"
)

// isScratch reports whether a mount is one of the file systems in memory that
// outlive an instance.
func isScratch(m specs.Mount) bool {
	return m.Type == "tmpfs" && slices.Contains([]string{"/tmp", runtime.Home, "/dev/shm"}, m.Destination)
}

// keep adds the one file system behind those that are kept, of the size that
// they have together: one costs the kernel less than three, and can be handed
// over as one file. It is handed over before anything can run that would have an
// interest in handing over something else.
func (p *planner) keep(mounts []specs.Mount) error {
	sum, unit := uint64(0), ""
	for _, m := range mounts {
		if !isScratch(m) {
			continue
		}
		n, u, err := sizeOf(m)
		if err == nil && unit != "" && u != unit {
			err = fmt.Errorf("sizes of file systems in memory in %q and %q: %w", unit, u, runtime.ErrUnsupported)
		}
		if err != nil {
			return err
		}
		sum, unit = sum+n, u
	}
	if unit != "" {
		p.add(control.Step{Op: control.OpKeep, Data: fmt.Sprintf("mode=0700,size=%d%s", sum, strings.TrimPrefix(unit, "B")), Attr: attrNOSUID | attrNODEV})
	}
	return nil
}

// maxSizeBits is how many bits a size may have, so that the sum of all does not
// overflow.
const maxSizeBits = 60

// sizeOf returns the size of a tmpfs, in "B" or "%".
func sizeOf(m specs.Mount) (n uint64, unit string, err error) {
	for _, o := range m.Options {
		size, ok := strings.CutPrefix(o, "size=")
		if !ok {
			continue
		}
		number := strings.TrimRight(size, "%kKmMgG")
		if n, err = strconv.ParseUint(number, 10, maxSizeBits); err != nil {
			break
		}
		shift, ok := map[string]int{"%": 0, "": 0, "k": 10, "m": 20, "g": 30}[strings.ToLower(size[len(number):])]
		if !ok || n>>(maxSizeBits-shift) != 0 {
			break
		}
		if strings.HasSuffix(size, "%") {
			return n, "%", nil
		}
		return n << shift, "B", nil
	}
	return 0, "", fmt.Errorf("the tmpfs on %s needs a size, as in size=25%% or size=1m: %w", m.Destination, runtime.ErrUnsupported)
}

// take adds the place of a directory that is kept.
func (p *planner) take(m specs.Mount) {
	attr, _ := split(m.Options)
	p.dir(m.Destination, 0o755)
	p.add(control.Step{Op: control.OpTake, Source: path.Base(m.Destination), Target: m.Destination, Mode: modeOf(m), Attr: attr})
}

// modeOf returns the mode that a tmpfs has at first.
func modeOf(m specs.Mount) uint32 {
	for _, o := range m.Options {
		if s, ok := strings.CutPrefix(o, "mode="); ok {
			mode, _ := strconv.ParseUint(s, 8, 12)
			return uint32(mode)
		}
	}
	return 0o1777 // see tmpfs(5)
}

// scratchModes are the modes of the directories that are kept, when they are new.
func scratchModes(spec *specs.Spec) map[string]uint32 {
	modes := make(map[string]uint32)
	for _, m := range spec.Mounts {
		if isScratch(m) {
			modes[path.Base(m.Destination)] = modeOf(m)
		}
	}
	return modes
}
