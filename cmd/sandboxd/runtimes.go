// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/runtime"
	"github.com/sandbox-rls/sandbox/runtime/bwrap"
	"github.com/sandbox-rls/sandbox/runtime/docker"
	"github.com/sandbox-rls/sandbox/runtime/native"
)

// runtimeNames are those of the runtimes that there are.
var runtimeNames = []string{"native", "bwrap", "docker"}

// closer is a runtime that can be closed.
type closer interface {
	runtime.Runtime
	Close() error
}

// crew is the manager with its runtimes, which are closed after it.
type crew struct {
	*sandbox.Manager
	runtimes []closer
}

func (c *crew) Close() error {
	err := c.Manager.Close()
	for _, rt := range c.runtimes {
		if e := rt.Close(); err == nil {
			err = e
		}
	}
	return err
}

// newManager makes the manager that is served.
func newManager(ctx context.Context, s *settings, log *slog.Logger) (*crew, error) {
	program, err := findInit(s.init, log)
	if err != nil {
		return nil, err
	}
	c := &crew{}
	cfg := sandbox.Config{StateDir: s.stateDir, ParkAfter: s.parkAfter, NoHaltPolling: s.noHaltPolling, Logger: log}
	names, err := s.chosenRuntimes(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		rt := newRuntime(name, program, s.delegated)
		c.runtimes = append(c.runtimes, rt)
		if name == s.runtime {
			cfg.Runtime = rt
		} else {
			cfg.Runtimes = append(cfg.Runtimes, rt)
		}
		if sub, ok := rt.(runtime.Substitute); ok && sub.Note() != "" {
			log.Warn("a runtime is replaced by another", "runtime", name, "reason", sub.Note())
		}
	}
	if c.Manager, err = sandbox.NewManager(cfg); err != nil {
		return nil, err
	}
	if rt, ok := cfg.Runtime.(runtime.Preparer); ok {
		rt.Prepare() // so that the first start is no slower than others
	}
	log.Info("sandboxes can be had", "state", s.stateDir, "runtime", s.runtime, "runtimes", names, "init", program)
	return c, nil
}

func newRuntime(name, program string, delegated bool) closer {
	switch name {
	case "bwrap":
		opts := []bwrap.Option{bwrap.WithInit(program)}
		if delegated {
			opts = append(opts, bwrap.WithDelegatedCgroup())
		}
		return bwrap.New(opts...)
	case "docker":
		return docker.New(docker.WithInit(program))
	}
	opts := []native.Option{native.WithInit(program)}
	if delegated {
		opts = append(opts, native.WithDelegatedCgroup())
	}
	return native.New(opts...)
}

// chosenRuntimes are those that sandboxes may ask for, the default one among them.
func (s *settings) chosenRuntimes(ctx context.Context) ([]string, error) {
	if !slices.Contains(runtimeNames, s.runtime) {
		return nil, usagef("--runtime: there is no runtime %q, but %s", s.runtime, strings.Join(runtimeNames, ", "))
	}
	names := []string{s.runtime}
	for _, name := range s.runtimes {
		if !slices.Contains(runtimeNames, name) {
			return nil, usagef("--runtimes: there is no runtime %q, but %s", name, strings.Join(runtimeNames, ", "))
		}
		names = append(names, name)
	}
	if len(s.runtimes) == 0 {
		names = append(names, "native")
		if bwrap.New().Note() == "" {
			names = append(names, "bwrap")
		}
		if hasEngine(ctx) {
			names = append(names, "docker")
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// hasEngine reports whether a Docker engine listens on this machine, for a server
// that can use it.
func hasEngine(ctx context.Context) bool {
	host := os.Getenv("DOCKER_HOST")
	if host == "" {
		host = "unix:///var/run/docker.sock"
	}
	path, ok := strings.CutPrefix(host, "unix://")
	if !ok || os.Geteuid() != 0 {
		return false
	}
	d := net.Dialer{Timeout: time.Second}
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}
