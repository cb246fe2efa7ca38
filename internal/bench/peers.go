// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sandbox-rls/sandbox"
)

// walking walks through a tree, looks at each file and prints the nanoseconds.
const walking = `import os, time
began = time.perf_counter_ns()
for at, dirs, files in os.walk("."):
    for name in files:
        os.lstat(at + "/" + name)
print(time.perf_counter_ns() - began)
`

// task is what all have to do. What prints its own time leaves out the start.
type task struct {
	name, plot, command string
	prints              bool
}

// contender is one that does it.
type contender struct {
	name string
	run  func(command string) (string, error)
}

func measurePeers(l *lab) (Section, error) {
	s := Section{Title: "Beside others", Columns: []string{"`true`, from start to end", "open to read", "open to write", "walk of the tree"}}
	dir, err := l.peerTree()
	if err != nil {
		return s, err
	}
	sb, err := l.m.FromLocal(l.ctx, dir)
	if err != nil {
		return s, err
	}
	defer sb.Close()
	all := []contender{
		{"bare", func(command string) (string, error) { return l.host.run(dir, "/bin/sh", "-c", command) }},
		{"sandbox, standing", func(command string) (string, error) { return output(l.ctx, sb, command) }},
		{"sandbox, a new one each time", func(command string) (string, error) { return l.onceIn(dir, command) }},
	}
	var missing []string
	for i := range peers {
		p := &peers[i]
		if err := l.found(p, dir); err != nil {
			missing = append(missing, p.name+" "+err.Error())
			continue
		}
		all = append(all, contender{p.name, func(command string) (string, error) { return l.by(p, dir, command) }})
	}
	docker, end, err := l.dockerExec(dir)
	if err != nil {
		missing = append(missing, "docker exec: "+err.Error())
	} else {
		defer end()
		all = append(all, docker)
	}
	s.About = aboutPeers(l.sizes.trees[1], missing)
	return s, l.race(&s, all)
}

func aboutPeers(files int, missing []string) string {
	about := fmt.Sprintf("The same commands by other tools, each as narrow as a simple call of it makes it: what they protect differs much, and none of them has rules for paths as these do. "+
		"`true` is from start to end; the other figures are of a Python program's own clock, without the start: for one open and close, and for a walk with a look at each of %d files. "+
		"`docker exec` is in a container that runs, by its command.", files)
	if len(missing) > 0 {
		about += " Left out: " + strings.Join(missing, "; ") + "."
	}
	return about
}

// race has all of them do all tasks, in turns.
func (l *lab) race(s *Section, all []contender) error {
	n := 20 * l.sizes.many
	tasks := []task{
		{name: "`true` from start to end", plot: "true", command: "true"},
		{"opening a file to read", "open-read", fmt.Sprintf("/usr/bin/python3 open.py main.py %d %d", os.O_RDONLY, n), true},
		{"opening a file to write", "open-write", fmt.Sprintf("/usr/bin/python3 open.py output/log %d %d", os.O_WRONLY, n), true},
		{"walking through a tree", "walk", "/usr/bin/python3 walk.py", true},
	}
	s.Rows = make([]Row, len(all))
	for i, c := range all {
		s.Rows[i].Name = c.name
	}
	for _, t := range tasks {
		sides := make([]side, len(all))
		for i, c := range all {
			sides[i] = side{c.name, timed(func() error { _, err := c.run(t.command); return err })}
			if t.prints {
				sides[i].do = printed(func() (string, error) { return c.run(t.command) })
			}
		}
		taken, err := l.turns(max(l.sizes.few, l.sizes.samples/2), sides...)
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		plot := Plot{Name: t.plot, Title: t.name}
		for i, c := range all {
			s.Rows[i].Cells = append(s.Rows[i].Cells, show(taken[i].median()))
			plot.Bars = append(plot.Bars, Bar{c.name, taken[i].median()})
		}
		s.Plots = append(s.Plots, plot)
	}
	return nil
}

// peerTree is a tree with the programs in it.
func (l *lab) peerTree() (string, error) {
	dir, err := l.scratch()
	if err != nil {
		return "", err
	}
	if err := makeTree(filepath.Join(dir, "tree"), l.sizes.trees[1]); err != nil {
		return "", err
	}
	if err := os.Mkdir(filepath.Join(dir, "output"), 0o755); err != nil {
		return "", err
	}
	for name, text := range map[string]string{"open.py": opening, "walk.py": walking, "main.py": "x\n", "output/log": "x\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	return dir, os.Chmod(dir, 0o755)
}

// onceIn makes a sandbox for a command.
func (l *lab) onceIn(dir, command string) (string, error) {
	sb, err := l.m.FromLocal(l.ctx, dir, sandbox.WithLive())
	if err != nil {
		return "", err
	}
	text, err := output(l.ctx, sb, command)
	if e := sb.Destroy(l.ctx); err == nil {
		err = e
	}
	return text, err
}

// dockerExec starts a container in which commands can be run.
func (l *lab) dockerExec(dir string) (c contender, end func(), err error) {
	docker := func(args ...string) (string, error) {
		return l.host.run("/", append([]string{"docker", "--host", os.Getenv("DOCKER_HOST")}, args...)...)
	}
	if os.Getenv("DOCKER_HOST") == "" {
		return c, nil, fmt.Errorf("DOCKER_HOST is not set")
	}
	id, err := docker("run", "--detach", "--network=none", "--volume", dir+":/workspace", "--workdir=/workspace", "--entrypoint=sleep", peerImage, "100000")
	if err != nil {
		return c, nil, fmt.Errorf("no container of %s (%.200q)", peerImage, err.Error())
	}
	id = strings.TrimSpace(id)
	end = func() { _, _ = docker("rm", "--force", "--volumes", id) }
	run := func(command string) (string, error) { return docker("exec", id, "/bin/sh", "-c", command) }
	if _, err := run("true"); err != nil {
		end()
		return c, nil, fmt.Errorf("no command in its container (%.200q)", err.Error())
	}
	return contender{"docker exec", run}, end, nil
}

// peerImage is the image of the container; see hack/docker.sh.
const peerImage = "python:3.11-slim"
