// SPDX-License-Identifier: MIT

package launch

import (
	"context"
	"errors"
	"os"

	"github.com/sandbox-rls/sandbox/internal/control"
	"github.com/sandbox-rls/sandbox/runtime"
)

// Attended is an init that somebody else has started, in a root that stands.
type Attended struct {
	// Process ends the init, and all processes of the sandbox with it, and returns
	// when none is left. It is called once.
	Process interface{ Kill() }
	// Conn is the owner's end of its control socket.
	Conn *control.Conn
	// Limits hold the sandbox to what it may use.
	Limits runtime.Limits
	// Workspace is the writable mount beneath the cover; nil: none.
	Workspace *os.File
}

// Attend takes over an init: it sends the order, and returns when the init takes
// commands. All that is in a is the instance's from then on; when it fails, the
// init has been ended and all is closed.
func Attend(ctx context.Context, a Attended, setup *control.Setup, cfg runtime.Config) (runtime.Instance, error) {
	in := newInstance(a.Process, a.Conn, &admission{limits: a.Limits})
	in.door.Workspace = a.Workspace
	err := in.begin(ctx, []*control.Setup{setup}, cfg, nil, nil)
	if err == nil && in.door.Root == nil {
		err = errors.New("the init did not hand over its root")
	}
	if err != nil {
		in.Close()
		return nil, err
	}
	return in, nil
}
