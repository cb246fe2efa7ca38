// SPDX-License-Identifier: MIT

package bwrap

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sandbox-rls/sandbox/runtime"
)

// remedies are what helps when bwrap says something that has one of these in it.
var remedies = []struct{ text, remedy string }{
	{"Unknown option", "this bwrap is too old; install version 0.5.0 or later"},
	{"reating new namespace", "allow user namespaces within user namespaces (sysctl user.max_user_namespaces, an AppArmor profile for bwrap)"},
	{"setting up uid map", "allow user namespaces within user namespaces (an AppArmor profile for bwrap)"},
	{"mount proc", "a /proc that nothing is mounted over is needed; in a container, run it with its /proc unmasked"},
}

// explain says why a start failed, by what bwrap wrote to its standard error.
// Nobody else writes there, so that silence means that it was not bwrap's fault.
func explain(program, log string, err error) error {
	if !errors.Is(err, runtime.ErrEnded) {
		return err // the holder or the init has said what it is
	}
	said := strings.TrimSpace(log)
	if said == "" {
		return fmt.Errorf("%s ended before the sandbox's init began: %w; see whether it is bubblewrap", program, err)
	}
	remedy := "use the native runtime, or look at what this machine lacks"
	for _, r := range remedies {
		if strings.Contains(said, r.text) {
			remedy = r.remedy
			break
		}
	}
	return fmt.Errorf("%s: %q: %w: %s", program, said, runtime.ErrUnsupported, remedy)
}
