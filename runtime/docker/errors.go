// SPDX-License-Identifier: MIT

package docker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"github.com/sandbox-rls/sandbox/runtime"
)

// Errors of this runtime.
var (
	// ErrEngine is the answer when there is no engine, or it does not answer in time.
	ErrEngine = errors.New("the Docker engine does not answer")
	// ErrImage is the answer when an image is not there and cannot be pulled.
	ErrImage = errors.New("the image is not to be had")
	// ErrTaken is why a sandbox has ended whose container somebody else has paused,
	// stopped, restarted or removed.
	ErrTaken = errors.New("the sandbox's container was taken away")
	// ErrProgram is the answer when there is no program to be the init. It also
	// matches runtime.ErrUnsupported.
	ErrProgram = fmt.Errorf("no program that can be the init of a container (%w)", runtime.ErrUnsupported)
)

// failure turns what the client says into an error of ours.
func (r *Runtime) failure(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errPatience):
		return fmt.Errorf("%s: %w within %v (%s)", doing, ErrEngine, r.options.patience, r.host)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w", doing, err)
	case client.IsErrConnectionFailed(err), cerrdefs.IsUnavailable(err):
		return fmt.Errorf("%s: %w: %w; start it, or name its socket by DOCKER_HOST", doing, ErrEngine, err)
	case strings.Contains(err.Error(), "when user namespaces are enabled"): // so does this
		return fmt.Errorf("%s: %w: the engine at %s remaps users (userns-remap) (%w)", doing, err, r.host, runtime.ErrUnsupported)
	case strings.Contains(err.Error(), syscall.ENOSPC.Error()): // it comes as text
		return fmt.Errorf("%s: the engine at %s has no space left: %w (%w)", doing, r.host, err, syscall.ENOSPC)
	case cerrdefs.IsNotFound(err):
		return fmt.Errorf("%s: %w (%w)", doing, err, fs.ErrNotExist)
	case cerrdefs.IsNotImplemented(err):
		return fmt.Errorf("%s: %w (%w)", doing, err, runtime.ErrUnsupported)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// errPatience is the cause of a context that has waited long enough.
var errPatience = errors.New("no answer")

// patient bounds a call of the engine. The function turns its error.
func (r *Runtime) patient(ctx context.Context) (context.Context, func(doing string, err error) error) {
	limited, cancel := context.WithTimeoutCause(ctx, r.options.patience, errPatience)
	return limited, func(doing string, err error) error {
		defer cancel()
		if err != nil && ctx.Err() != nil {
			err = ctx.Err()
		} else if err != nil && context.Cause(limited) == errPatience {
			err = errPatience
		}
		return r.failure(doing, err)
	}
}
