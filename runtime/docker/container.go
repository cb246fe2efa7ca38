// SPDX-License-Identifier: MIT

package docker

import (
	"fmt"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/client"

	"github.com/sandbox-rls/sandbox/internal/control"
	"github.com/sandbox-rls/sandbox/internal/initproc"
	"github.com/sandbox-rls/sandbox/runtime"
)

// Labels of a container. Whoever has them is one of ours.
const (
	labelOwner   = "io.github.sandbox-rls.owner"
	labelSandbox = "io.github.sandbox-rls.sandbox"
)

// order is what a container is made from, besides its configuration.
type order struct {
	image   string // by its ID
	user    string // "": the image's
	owner   string // who we are: see owner
	program string // the init, on the host
	desk    string // the directory with the socket, on the host
	keep    bool   // the engine is not to remove it
}

// describe turns the description of a sandbox into that of a container. It is pure.
//
// The workspace is not among its mounts: it is mounted when the init waits, so that
// the engine need not see what it is made of. Its directory is the working directory
// of the container because the engine makes that.
func describe(cfg runtime.Config, o order) client.ContainerCreateOptions {
	no := false
	return client.ContainerCreateOptions{
		Config: &container.Config{
			Image:       o.image,
			Hostname:    cfg.Spec.Hostname,
			User:        o.user,
			Entrypoint:  initproc.ContainerArgv(),
			Cmd:         []string{}, // not the image's
			Env:         initproc.Environ(),
			WorkingDir:  cfg.View.Target,
			StopSignal:  "SIGKILL",                                       // the init heeds no other, which the engine would wait for
			Healthcheck: &container.HealthConfig{Test: []string{"NONE"}}, // a command past the init
			Labels:      map[string]string{labelOwner: o.owner, labelSandbox: cfg.ID},
		},
		HostConfig: &container.HostConfig{
			AutoRemove:    !o.keep,
			RestartPolicy: container.RestartPolicy{Name: container.RestartPolicyDisabled},
			Init:          &no,
			NetworkMode:   network(cfg.Network),
			CgroupnsMode:  container.CgroupnsModePrivate,
			IpcMode:       container.IPCModePrivate,
			LogConfig:     container.LogConfig{Type: "none"},
			CapDrop:       []string{"ALL"},
			SecurityOpt:   []string{"no-new-privileges:true"},
			Resources:     resources(runtime.LimitsOf(cfg.Spec.Linux.Resources)),
			Mounts: []mount.Mount{
				{Type: mount.TypeBind, Source: o.desk, Target: initproc.ContainerDir, ReadOnly: true},
				{Type: mount.TypeBind, Source: o.program, Target: initproc.ContainerProgram, ReadOnly: true},
			},
		},
	}
}

// network is the engine's name for a network.
func network(n runtime.Network) container.NetworkMode {
	if n == "" {
		n = runtime.NetworkNone
	}
	return container.NetworkMode(n)
}

// resources are the limits as the engine takes them.
func resources(l runtime.ResourceLimits) container.Resources {
	r := container.Resources{Memory: l.MemoryBytes, MemorySwap: l.MemoryBytes, CPUShares: int64(l.CPUShares)}
	if l.CPUQuota > 0 {
		r.CPUPeriod, r.CPUQuota = runtime.CPUPeriod, l.CPUQuota
	}
	if l.PidsLimit > 0 {
		pids := l.PidsLimit + initTasks
		r.PidsLimit = &pids
	}
	return r
}

// setup is the init's part of the work.
func setup(cfg runtime.Config, readable []string) *control.Setup {
	s := &control.Setup{Filter: cfg.Filter, Notify: cfg.Notify, Dir: cfg.Spec.Process.Cwd}
	if cfg.HideContent {
		s.Readable = readable
	}
	return s
}

// checkNetwork reports what is wrong with the name of a network.
func checkNetwork(n runtime.Network) error {
	for i, c := range string(n) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && (i == 0 || c != '_' && c != '.' && c != '-') {
			return fmt.Errorf("%q is no name of a network", n)
		}
	}
	return nil
}
