// SPDX-License-Identifier: MIT

//go:build docker

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/runtime/docker"
)

// dockerImage is the image that is measured with; see hack/docker.sh.
const dockerImage = "python:3.11-slim"

// dock is an engine, and the runtime by it.
type dock struct {
	*lab
	client *client.Client
	rt     *docker.Runtime
}

// init adds the section. The package runtime/docker brings net/http, which each init of
// a native sandbox of the same program has to initialise: the program that measures
// those does without.
func init() { benchmarks = append(benchmarks, benchmark{"docker", measureDocker}) }

func measureDocker(l *lab) (Section, error) {
	s := Section{
		Title:   "In containers",
		About:   "The runtime docker, beside the same engine asked by the same client, and beside the native runtime: the same files and the same programs.",
		Columns: []string{"samples", "sandbox in a container", "beside it", "ratio"},
	}
	c, err := client.New(client.FromEnv)
	if err != nil {
		return s, err
	}
	defer c.Close()
	if _, err := c.ImageInspect(l.ctx, dockerImage); err != nil || os.Geteuid() != 0 {
		s.About += " Not measured: it takes root, and an engine that has the image " + dockerImage + "; see `hack/docker.sh`."
		return s, nil
	}
	d := &dock{l, c, docker.New(docker.WithImage(dockerImage))}
	defer d.rt.Close()
	for _, measure := range []func() ([]Row, error){d.commands, d.starts, d.files} {
		rows, err := measure()
		if err != nil {
			return s, err
		}
		s.Rows = append(s.Rows, rows...)
	}
	return s, nil
}

func besideRow(name string, in, beside samples, most float64) Row {
	r := ratio(in, beside)
	return Row{
		Name:  name,
		Cells: []string{fmt.Sprint(len(in)), show(in.median()), show(beside.median()), times(r)},
		Goal:  atMost(r, most, "×"),
	}
}

// commands compares Run("true") with docker exec, and with that of a native sandbox.
func (d *dock) commands() ([]Row, error) {
	dir, err := d.tree(d.sizes.trees[0])
	if err != nil {
		return nil, err
	}
	sb, err := d.m.FromLocal(d.ctx, dir, sandbox.WithRuntime(d.rt))
	if err != nil {
		return nil, err
	}
	defer sb.Close()
	native, err := d.m.FromLocal(d.ctx, dir)
	if err != nil {
		return nil, err
	}
	defer native.Close()
	plain, err := d.plain()
	if err != nil {
		return nil, err
	}
	defer d.remove(plain)
	taken, err := d.turns(d.sizes.many/2,
		side{"inside", inside(d.ctx, sb, "true")},
		side{"exec", timed(func() error { return d.exec(plain, "/bin/sh", "-c", "true") })},
	)
	if err != nil {
		return nil, err
	}
	// Apart from that: the engine goes on with an exec for a while.
	quiet, err := d.turns(d.sizes.many,
		side{"inside", inside(d.ctx, sb, "true")},
		side{"native", inside(d.ctx, native, "true")},
	)
	if err != nil {
		return nil, err
	}
	own := besideRow("`Run(\"true\")`, beside `docker exec`", taken[0], taken[1], 1.0/15)
	beside := besideRow("`Run(\"true\")`, beside a native sandbox", quiet[0], quiet[1], 1.1)
	alone := latencyRow("", quiet[0], 3*time.Millisecond)
	return []Row{own, beside, {Name: "`Run(\"true\")` alone", Cells: []string{fmt.Sprint(len(quiet[0])), show(quiet[0].median()), "–", "–"}, Goal: alone.Goal}}, nil
}

// starts compares the way to the first result with that to a bare container.
func (d *dock) starts() ([]Row, error) {
	dir, err := d.tree(d.sizes.trees[0])
	if err != nil {
		return nil, err
	}
	n := max(d.sizes.few, d.sizes.samples/2)
	taken, err := d.turns(n,
		side{"sandbox", d.firstResult(func() (*sandbox.Sandbox, error) { return d.m.FromLocal(d.ctx, dir, sandbox.WithRuntime(d.rt)) })},
		side{"container", func() (time.Duration, error) {
			began := time.Now()
			id, err := d.plain()
			took := time.Since(began)
			if err == nil {
				d.remove(id)
			}
			return took, err
		}},
	)
	if err != nil {
		return nil, err
	}
	return []Row{besideRow("from a directory to the first result, beside creating and starting a bare container", taken[0], taken[1], 1.3)}, nil
}

// files compares what the guard and the overlay cost with native sandboxes.
func (d *dock) files() ([]Row, error) {
	dir, archive, err := d.writable()
	if err != nil {
		return nil, err
	}
	// As a user like the native one: tar does more as root.
	rt := docker.New(docker.WithImage(dockerImage), docker.WithUser("1000:1000"))
	defer rt.Close()
	var both [2]*sandbox.Sandbox
	for i, opts := range [][]sandbox.Option{{sandbox.WithRuntime(rt)}, nil} {
		if both[i], err = d.m.FromLocal(d.ctx, dir, opts...); err != nil {
			return nil, err
		}
		defer both[i].Close()
	}
	var rows []Row
	for _, c := range []comparison{
		{name: fmt.Sprintf("creating %d files in Python", d.sizes.create), command: "/usr/bin/python3 create.py", cleanup: "rm -rf output/d"},
		{name: fmt.Sprintf("`tar x` of %d files", d.sizes.untar), command: "mkdir output/u && tar xf " + archive + " -C output/u", cleanup: "rm -rf output/u"},
	} {
		sides := make([]side, 2)
		for i, sb := range both {
			clean := func() error { return nil }
			if c.cleanup != "" {
				clean = func() error { _, err := output(d.ctx, sb, c.cleanup); return err }
			}
			sides[i] = side{c.name, after(inside(d.ctx, sb, c.command), clean)}
		}
		taken, err := d.turns(2*d.sizes.few, sides...)
		if err != nil {
			return nil, err
		}
		rows = append(rows, besideRow(c.name+", beside a native sandbox", taken[0], taken[1], 1.1))
	}
	return rows, nil
}

// plain starts a container of the engine's own.
func (d *dock) plain() (id string, err error) {
	now := 0
	made, err := d.client.ContainerCreate(d.ctx, client.ContainerCreateOptions{
		Config:     &container.Config{Image: dockerImage, Entrypoint: []string{"sleep", "1000"}, StopTimeout: &now},
		HostConfig: &container.HostConfig{NetworkMode: "none"},
	})
	if err != nil {
		return "", err
	}
	_, err = d.client.ContainerStart(d.ctx, made.ID, client.ContainerStartOptions{})
	return made.ID, err
}

func (d *dock) remove(id string) {
	_, _ = d.client.ContainerRemove(context.WithoutCancel(d.ctx), id, client.ContainerRemoveOptions{Force: true})
}

// exec is docker exec: it waits for the output's end, and asks for the exit code.
func (d *dock) exec(id string, argv ...string) error {
	made, err := d.client.ExecCreate(d.ctx, id, client.ExecCreateOptions{Cmd: argv, AttachStdout: true, AttachStderr: true})
	if err != nil {
		return err
	}
	stream, err := d.client.ExecAttach(d.ctx, made.ID, client.ExecAttachOptions{})
	if err != nil {
		return err
	}
	defer stream.Close()
	for buf := make([]byte, 512); err == nil; {
		_, err = stream.Reader.Read(buf)
	}
	r, err := d.client.ExecInspect(d.ctx, made.ID, client.ExecInspectOptions{})
	if err == nil && r.ExitCode != 0 {
		err = errors.New("docker exec failed")
	}
	return err
}
