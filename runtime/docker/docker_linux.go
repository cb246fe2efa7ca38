// SPDX-License-Identifier: MIT

package docker

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/moby/moby/client/pkg/versions"

	"github.com/sandbox-rls/sandbox/internal/cgroup"
	"github.com/sandbox-rls/sandbox/internal/control"
	"github.com/sandbox-rls/sandbox/internal/idrange"
	"github.com/sandbox-rls/sandbox/internal/initproc"
	"github.com/sandbox-rls/sandbox/runtime"
	"github.com/sandbox-rls/sandbox/runtime/internal/launch"
)

const initTasks = cgroup.InitTasks

// Runtime is the runtime by a Docker engine. See runtime.Runtime.
type Runtime struct {
	options options
	host    string
	client  *client.Client
	broken  error // why there is no client
	program func() (string, error)
	maps    maps
	watcher watcher

	mu      sync.Mutex
	swept   bool
	keeps   bool     // see restores
	left    []string // containers that could not be removed
	running map[*instance]bool
}

var (
	_ runtime.Runtime   = (*Runtime)(nil)
	_ runtime.Networked = (*Runtime)(nil)
)

// New returns a runtime. It does not ask the engine for anything yet.
func New(opts ...Option) *Runtime {
	r := &Runtime{options: options{image: DefaultImage, patience: DefaultPatience}, running: map[*instance]bool{}}
	for _, opt := range opts {
		opt(&r.options)
	}
	r.program = sync.OnceValues(func() (string, error) { return findProgram(r.options.program) })
	r.host = r.options.host
	if r.host == "" {
		r.host = os.Getenv(client.EnvOverrideHost)
	}
	if r.host == "" {
		r.host = client.DefaultDockerHost
	}
	// No connection is kept: a call of a socket of this machine costs nothing, and
	// nothing is left between two of them.
	transport := &http.Transport{DisableKeepAlives: true}
	r.client, r.broken = client.New(client.WithHTTPClient(&http.Client{Transport: transport}), client.WithHost(r.host), client.WithScheme("http"), client.WithAPIVersionFromEnv())
	return r
}

// Name is "docker".
func (r *Runtime) Name() string { return "docker" }

// Owner is that of the native runtime: on disk the files of all sandboxes belong to
// one user, and each container sees them as its own user's.
func (r *Runtime) Owner() runtime.Owner {
	if os.Geteuid() != 0 || !idrange.Mapped() {
		return runtime.Owner{UID: -1, GID: -1}
	}
	return runtime.Owner{UID: idrange.Base + runtime.UserID, GID: idrange.Base + runtime.GroupID}
}

// CheckNetwork takes the name of any network of the engine.
func (r *Runtime) CheckNetwork(n runtime.Network) error { return checkNetwork(n) }

// Close ends all sandboxes that still run, and returns when their containers are
// removed. A later Start begins anew.
func (r *Runtime) Close() error {
	r.mu.Lock()
	var all []*instance
	for in := range r.running {
		all = append(all, in)
	}
	r.mu.Unlock()
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	for i, in := range all {
		wg.Go(func() { errs[i] = in.Close() })
	}
	wg.Wait()
	r.maps.close()
	return errors.Join(errs...)
}

// Start runs a sandbox in a container.
func (r *Runtime) Start(ctx context.Context, cfg runtime.Config) (runtime.Instance, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := r.usable(); err != nil {
		return nil, err
	}
	steps, err := planMounts(cfg.View)
	if err != nil {
		return nil, err
	}
	if err := checkNetwork(cfg.Network); err != nil {
		return nil, err
	}
	if cfg.Scratch != nil {
		return nil, runtime.ErrScratch
	}
	if err := r.sweepOnce(ctx); err != nil {
		return nil, err
	}
	img, err := r.find(ctx, cfg.Image)
	if err != nil {
		return nil, err
	}
	return r.start(ctx, cfg, img, steps)
}

// usable reports why no sandbox can be started at all.
func (r *Runtime) usable() error {
	switch {
	case r.broken != nil:
		return fmt.Errorf("the engine at %s: %w", r.host, r.broken)
	case r.Owner().UID < 0:
		return fmt.Errorf("sandboxes in containers need root, outside of user namespaces, to mount their workspaces: run the program as root, or use the native runtime (%w)", runtime.ErrUnsupported)
	case !strings.HasPrefix(r.host, "unix://"):
		return fmt.Errorf("the engine at %s is not one of this machine, on which the workspace is (%w)", r.host, runtime.ErrUnsupported)
	}
	_, err := r.program()
	return err
}

func (r *Runtime) sweepOnce(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.swept {
		return nil
	}
	version, err := r.recent(ctx)
	if err == nil {
		r.keeps, err = r.restores(ctx, version)
	}
	if err == nil {
		err = r.sweep(ctx)
	}
	r.swept = err == nil
	return err
}

// minAPI is the oldest API that has what containers are made with: Docker 20.10.
const minAPI = "1.41"

// recent reports whether the engine is recent enough, and which API it speaks.
func (r *Runtime) recent(ctx context.Context) (string, error) {
	limited, done := r.patient(ctx)
	pong, err := r.client.Ping(limited, client.PingOptions{})
	if err := done("asking the engine for its version", err); err != nil {
		return "", err
	}
	if versions.LessThan(pong.APIVersion, minAPI) {
		return "", fmt.Errorf("the engine at %s speaks version %s of its API, and %s is the oldest that will do: Docker 20.10 or later (%w)", r.host, pong.APIVersion, minAPI, runtime.ErrUnsupported)
	}
	return pong.APIVersion, nil
}

// sparesAPI is the first API whose engines leave running containers alone that are to
// be removed at their end, when they start with live-restore: Docker 25.0.
const sparesAPI = "1.44"

// restores reports whether containers must not be made to be removed at their end, so
// that the engine keeps them when it starts anew, as it has been told to (live-restore).
// It removes them otherwise: https://github.com/moby/moby/issues/46308.
func (r *Runtime) restores(ctx context.Context, version string) (bool, error) {
	if !versions.LessThan(version, sparesAPI) {
		return false, nil
	}
	limited, done := r.patient(ctx)
	told, err := r.client.Info(limited, client.InfoOptions{})
	return told.Info.LiveRestoreEnabled, done("asking the engine how it is set up", err)
}

// start makes a container, and sees its first process become the init.
func (r *Runtime) start(ctx context.Context, cfg runtime.Config, img image, steps []mountStep) (_ *instance, err error) {
	me, err := self()
	if err != nil {
		return nil, err
	}
	program, err := r.program()
	if err != nil {
		return nil, err
	}
	d, err := newDesk(me.String())
	if err != nil {
		return nil, err
	}
	defer d.close()
	r.mu.Lock()
	keeps := r.keeps
	r.mu.Unlock()
	o := order{image: img.id, user: r.options.user, owner: me.String(), program: program, desk: d.open, keep: keeps}
	limited, done := r.patient(ctx)
	made, err := r.client.ContainerCreate(limited, describe(cfg, o))
	if err := done("creating the container", err); err != nil {
		return nil, err
	}
	c := &instance{runtime: r, id: made.ID, env: img.env, heard: make(chan struct{}), done: make(chan struct{})}
	defer func() {
		if err != nil {
			_ = r.remove(context.WithoutCancel(ctx), c.id)
		}
	}()
	if err := c.boot(ctx, cfg, d, steps); err != nil {
		return nil, err
	}
	r.mu.Lock()
	r.running[c] = true
	r.mu.Unlock()
	r.watcher.add(r, c)
	go c.follow()
	return c, nil
}

// boot starts the container and brings it to where it takes commands.
func (c *instance) boot(ctx context.Context, cfg runtime.Config, d *desk, steps []mountStep) error {
	init, started, err := c.await(ctx, d)
	if err != nil {
		return err
	}
	a, order, err := c.furnish(cfg, init, steps)
	if err != nil {
		ended := c.process(init).ended(0)
		init.conn.Close()
		c.process(init).Kill()
		if failed := <-started; ended && failed != nil {
			err = failed // which is why
		}
		return err
	}
	in, err := launch.Attend(ctx, a, order, cfg)
	if failed := <-started; err == nil && failed != nil {
		in.Close()
		err = failed
	}
	if err != nil {
		_ = a.Limits.(*cgroup.Group).Delete()
		return err
	}
	c.Instance = in
	c.env = environ(c.env, in.Door().Root, c.user)
	return nil
}

// await starts the container and waits for its init. The channel gives what the
// engine says of the start, which takes longer than the init does.
func (c *instance) await(ctx context.Context, d *desk) (*caller, <-chan error, error) {
	limited, done := c.runtime.patient(ctx)
	waiting, answer := c.runtime.patient(ctx)
	waiting, stop := context.WithCancelCause(waiting)
	exit := c.runtime.client.ContainerWait(waiting, c.id, client.ContainerWaitOptions{Condition: container.WaitConditionNextExit})
	go func() {
		// The client gives one of the two, at the latest when it is told to stop, and
		// waits for ever for the first to be taken.
		select {
		case e := <-exit.Result:
			stop(early(e.StatusCode))
		case <-exit.Error: // it is known by other means
		}
	}()
	started := make(chan error, 1)
	go func() {
		_, err := c.runtime.client.ContainerStart(limited, c.id, client.ContainerStartOptions{})
		if err != nil {
			stop(err)
		}
		started <- done("starting the container", err)
	}()
	init, err := d.accept(waiting)
	stop(nil)
	err = answer("waiting for the container's init", err)
	if err != nil {
		if failed := <-started; failed != nil {
			return nil, nil, failed
		}
		return nil, nil, err
	}
	return init, started, nil
}

// early is why an init has ended before it has called.
func early(code int64) error {
	switch code {
	case initproc.ExitVersion:
		return fmt.Errorf("%w: it is of another version than this program: build it anew", ErrProgram)
	case initproc.ExitUnreachable:
		return fmt.Errorf("it could not reach this program: is the engine on this machine? (%w)", runtime.ErrUnsupported)
	}
	return fmt.Errorf("%w: it ended at once, with exit code %d: is it a program that imports this package?", ErrProgram, code)
}

// furnish mounts the workspace in the container, and sets its limits.
func (c *instance) furnish(cfg runtime.Config, init *caller, steps []mountStep) (a launch.Attended, s *control.Setup, err error) {
	c.user = runtime.User{Owner: init.user}
	if c.user.Shift, err = shiftOf(init.pid); err != nil {
		return a, nil, fmt.Errorf("the users of the container: %w", err)
	}
	layers, err := c.runtime.openLayers(cfg.View, c.user)
	if err != nil {
		return a, nil, err
	}
	defer control.CloseFiles(layers)
	limits, err := cgroup.Adopt(init.pid, runtime.LimitsOf(cfg.Spec.Linux.Resources), cfg.BestEffort)
	if err != nil {
		return a, nil, err
	}
	m, err := mountIn(init.pidfd, c.user, steps, layers, cfg.View.Target)
	if err != nil {
		_ = limits.Delete()
		return a, nil, err
	}
	c.limits = limits
	a = launch.Attended{Process: c.process(init), Conn: init.conn, Limits: limits, Workspace: m.workspace}
	return a, setup(cfg, m.readable), nil
}
