// SPDX-License-Identifier: MIT

package docker

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/moby/moby/client"
	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/cgroup"
	"github.com/sandbox-rls/sandbox/runtime"
)

// instance is a sandbox in a container.
type instance struct {
	runtime.Instance
	runtime *Runtime
	id      string
	user    runtime.User
	env     []string
	limits  *cgroup.Group

	mu     sync.Mutex
	ours   bool   // it was ended by Kill
	cause  error  // why it has ended otherwise
	last   string // the last that was heard of it
	away   string // why nothing is heard of it
	heard  chan struct{}
	done   chan struct{} // closed when it has ended and the cause is known
	closed sync.Once
	err    error
}

var (
	_ runtime.Furnished = (*instance)(nil)
	_ runtime.Witness   = (*instance)(nil)
)

// lastWords is how long the engine is given to say why a container has ended.
const lastWords = time.Second

// follow waits for the end of the init, and for the reason.
func (c *instance) follow() {
	defer close(c.done)
	<-c.Instance.Done()
	c.mu.Lock()
	ours, away := c.ours, c.away
	c.mu.Unlock()
	if ours {
		return
	}
	if away == "" {
		select {
		case <-c.heard:
		case <-time.After(lastWords):
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	last := cmp.Or(c.last, c.away)
	if c.cause == nil && !c.ours && last != "" {
		c.cause = fmt.Errorf("%w: %s", ErrTaken, last)
	}
}

// taken notes that somebody else has ended the sandbox.
func (c *instance) taken(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause == nil && !c.ours {
		c.cause = cause
	}
	c.hear()
}

// note notes what was heard last.
func (c *instance) note(last string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last == "" {
		c.last = last
	}
	c.hear()
}

// deaf notes why nothing can be heard of it; "": it can be again.
func (c *instance) deaf(why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.away = why
}

func (c *instance) hear() {
	select {
	case <-c.heard:
	default:
		close(c.heard)
	}
}

// Done is closed when the init is gone and the cause of that is known.
func (c *instance) Done() <-chan struct{} { return c.done }

// Cause is why the sandbox has ended, if it was not by Kill.
func (c *instance) Cause() error {
	select {
	case <-c.Instance.Done():
		<-c.done
	default:
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cause
}

// Kill ends all processes.
func (c *instance) Kill() {
	c.mu.Lock()
	c.ours = c.ours || c.cause == nil
	c.mu.Unlock()
	c.Instance.Kill()
}

// Door is that of the init, with the user that it runs as.
func (c *instance) Door() runtime.Door {
	d := c.Instance.Door()
	d.User = &c.user
	return d
}

// Environ is the image's environment, with the home and the name of the user.
func (c *instance) Environ() []string { return c.env }

// Close ends all processes, and has the container removed.
func (c *instance) Close() error {
	c.closed.Do(func() {
		c.Kill()
		c.runtime.watcher.drop(c)
		c.err = c.Instance.Close()
		<-c.done
		_ = c.limits.Delete()
		err := c.runtime.remove(context.Background(), c.id)
		if c.err == nil {
			c.err = err
		}
		c.runtime.ended(c, err == nil)
	})
	return c.err
}

// ended notes that an instance is closed. A container that could not be removed is
// when the engine is back: by itself, or by the next Start.
func (r *Runtime) ended(c *instance, removed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.running, c)
	if !removed {
		r.left = append(r.left, c.id)
		r.swept = false
	}
}

// process is a container's init as the owner holds it.
type process struct {
	container *instance
	pidfd     int
}

func (c *instance) process(init *caller) *process { return &process{c, init.pidfd} }

// grace is how long a killed init may take to end before it is taken for paused.
const grace = 500

// Kill ends the init, and with it every process of its PID namespace, and returns
// when all are gone. A container that somebody has paused has to go on to its end.
func (p *process) Kill() {
	_ = unix.PidfdSendSignal(p.pidfd, unix.SIGKILL, nil, 0)
	for !p.ended(grace) {
		r := p.container.runtime
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		_, _ = r.client.ContainerUnpause(ctx, p.container.id, client.ContainerUnpauseOptions{})
		cancel()
	}
	unix.Close(p.pidfd)
}

// ended waits for the end of the init, for some milliseconds.
func (p *process) ended(millis int) bool {
	poll := []unix.PollFd{{Fd: int32(p.pidfd), Events: unix.POLLIN}}
	n, err := unix.Poll(poll, millis)
	return err == nil && n > 0
}
