// SPDX-License-Identifier: MIT

//go:build server

package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/client"
)

// init adds the section. It brings net/http, as that of containers does.
func init() { benchmarks = append(benchmarks, benchmark{"server", measureServer}) }

// remote is a server in a process of its own, beside the manager of this one.
type remote struct {
	*lab
	cmd     *exec.Cmd
	address string
	client  *client.Client
}

func measureServer(l *lab) (s Section, err error) {
	s = Section{
		Title: "By a server",
		About: "sandboxd in a process of its own, called by gRPC over loopback, beside the library in this process. Many clients are that many connections of one process, which has the same two cores. " +
			"What the server holds for idle sandboxes, which have run a command, is its resident memory without that of their inits.",
		Columns: []string{"samples", "by the server", "beside it", "ratio or difference"},
	}
	r := &remote{lab: l}
	if err := r.start(); err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, r.stop()) }()
	for _, measure := range []func() ([]Row, error){r.commands, r.uploads, r.crowd, r.idle} {
		rows, err := measure()
		if err != nil {
			return s, err
		}
		s.Rows = append(s.Rows, rows...)
	}
	return s, nil
}

// start builds the server and its init, and starts it.
func (r *remote) start() error {
	dir, err := r.scratch()
	if err != nil {
		return err
	}
	build := exec.CommandContext(r.ctx, "go", "build", "-o", dir, "./cmd/sandboxd", "./cmd/sandbox-init")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	r.cmd = exec.CommandContext(context.WithoutCancel(r.ctx), dir+"/sandboxd", "--listen", "127.0.0.1:0", "--state-dir", dir+"/state", "--park-after", "-1s", "--log-level", "error")
	r.cmd.Stderr = os.Stderr
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := r.cmd.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return err
	}
	at := strings.Fields(line)
	r.address = "http://" + at[len(at)-1]
	r.client, err = client.Dial(r.address, client.WithGRPC())
	return err
}

func (r *remote) stop() error {
	_ = r.client.Close()
	return errors.Join(r.cmd.Process.Signal(os.Interrupt), r.cmd.Wait())
}

// both makes a sandbox of the same tree by the library and by the server.
func (r *remote) both() (own, served *sandbox.Sandbox, err error) {
	dir, err := r.tree(r.sizes.trees[0])
	if err != nil {
		return nil, nil, err
	}
	if own, err = r.m.FromLocal(r.ctx, dir); err != nil {
		return nil, nil, err
	}
	served, err = sandbox.FromLocal(r.ctx, dir, sandbox.WithService(r.client))
	return own, served, err
}

func (r *remote) commands() ([]Row, error) {
	own, served, err := r.both()
	if err != nil {
		return nil, err
	}
	defer own.Close()
	defer served.Close()
	taken, err := r.turns(r.sizes.many, side{"served", inside(r.ctx, served, "true")}, side{"own", inside(r.ctx, own, "true")})
	if err != nil {
		return nil, err
	}
	rows := []Row{besideServer("`Run(\"true\")`", taken, 2)}
	var sides []side
	for _, sb := range []*sandbox.Sandbox{served, own} {
		session, err := sb.Session(r.ctx)
		if err != nil {
			return nil, err
		}
		defer session.Close()
		sides = append(sides, side{"session", timed(func() error { _, err := session.Exec(r.ctx, "true"); return err })})
	}
	if taken, err = r.turns(r.sizes.many, sides...); err != nil {
		return nil, err
	}
	more := taken[0].median() - taken[1].median()
	return append(rows, Row{
		Name:  "`true` in a session",
		Cells: []string{fmt.Sprint(len(taken[0])), show(taken[0].median()), show(taken[1].median()), "+" + show(more)},
		Goal:  atMost(milliseconds(more), 1, "ms"),
	}), nil
}

func besideServer(name string, taken []samples, most float64) Row {
	q := ratio(taken[0], taken[1])
	return Row{
		Name:  name,
		Cells: []string{fmt.Sprint(len(taken[0])), show(taken[0].median()), show(taken[1].median()), times(q)},
		Goal:  atMost(q, most, "×"),
	}
}

// uploads compares one stream of files with a call for each.
func (r *remote) uploads() ([]Row, error) {
	const files = 1000
	content := bytes.Repeat([]byte("x"), 4096)
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for i := range files {
		if err := w.WriteHeader(&tar.Header{Name: fmt.Sprintf("d%d/f%d", i%10, i), Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(content))}); err != nil {
			return nil, err
		}
		if _, err := w.Write(content); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	upload := func(do func(id string) error) func() (time.Duration, error) {
		return func() (time.Duration, error) {
			c, err := r.client.CreateCodebase(r.ctx, sandbox.CreateCodebaseRequest{})
			if err != nil {
				return 0, err
			}
			began := time.Now()
			err = do(c.ID)
			took := time.Since(began)
			return took, errors.Join(err, r.client.DeleteCodebase(r.ctx, c.ID))
		}
	}
	taken, err := r.turns(r.sizes.few,
		side{"stream", upload(func(id string) error {
			_, err := r.client.ImportTar(r.ctx, id, bytes.NewReader(archive.Bytes()))
			return err
		})},
		side{"calls", upload(func(id string) error {
			for i := range files {
				if _, err := r.client.UploadFile(r.ctx, id, fmt.Sprintf("d%d/f%d", i%10, i), bytes.NewReader(content), sandbox.UploadOptions{}); err != nil {
					return err
				}
			}
			return nil
		})})
	if err != nil {
		return nil, err
	}
	return []Row{besideServer(fmt.Sprintf("uploading %d files of 4 KB in one stream, beside a call for each", files), taken, 0.1)}, nil
}

// crowd has many clients run commands at once.
func (r *remote) crowd() ([]Row, error) {
	clients, commands := 200, 10_000
	if r.sizes.many < 100 {
		clients, commands = 20, 200
	}
	own, served, err := r.both()
	if err != nil {
		return nil, err
	}
	defer own.Close()
	defer served.Close()
	var (
		next   atomic.Int64
		mu     sync.Mutex
		taken  samples
		failed error
		group  sync.WaitGroup
	)
	began := time.Now()
	for range clients {
		group.Go(func() {
			c, err := client.Dial(r.address, client.WithGRPC())
			if err == nil {
				defer c.Close()
			}
			var own samples
			for err == nil && next.Add(1) <= int64(commands) {
				sent := time.Now()
				var res *sandbox.ExecResult
				if res, err = c.Exec(r.ctx, served.ID(), sandbox.ExecRequest{Argv: []string{"true"}}); err == nil && res.ExitCode != 0 {
					err = fmt.Errorf("exit code %d: %s", res.ExitCode, res.Stderr)
				}
				own = append(own, time.Since(sent))
			}
			mu.Lock()
			defer mu.Unlock()
			taken, failed = append(taken, own...), errors.Join(failed, err)
		})
	}
	group.Wait()
	if failed != nil {
		return nil, failed
	}
	rate := float64(commands) / time.Since(began).Seconds()
	return []Row{
		{Name: fmt.Sprintf("%d clients, %d commands, none failed: median", clients, commands), Cells: []string{fmt.Sprint(len(taken)), show(taken.median()), "–", fmt.Sprintf("%.0f a second", rate)}},
		{Name: "the same: 99 of 100 within", Cells: []string{fmt.Sprint(len(taken)), show(taken.percentile(99)), "–", "–"}},
	}, nil
}

// idle measures what the server holds for sandboxes that do nothing.
func (r *remote) idle() ([]Row, error) {
	n := 200
	if r.sizes.many < 100 {
		n = 10
	}
	dir, err := r.tree(r.sizes.trees[0])
	if err != nil {
		return nil, err
	}
	first, err := sandbox.FromLocal(r.ctx, dir, sandbox.WithService(r.client))
	if err != nil {
		return nil, err
	}
	defer first.Close()
	info, err := first.Info(r.ctx)
	if err != nil {
		return nil, err
	}
	for range n {
		sb, err := sandbox.FromCodebase(r.ctx, info.CodebaseID, sandbox.WithService(r.client))
		if err != nil {
			return nil, err
		}
		defer sb.Close()
		if _, err := sb.Run(r.ctx, "true"); err != nil {
			return nil, err
		}
	}
	mb, err := residentSet(r.cmd.Process.Pid)
	if err != nil {
		return nil, err
	}
	return []Row{{
		Name:  fmt.Sprintf("memory with %d idle sandboxes", n),
		Cells: []string{"1", fmt.Sprintf("%.1f MB", mb), "–", "–"},
		Goal:  atMost(mb, 60, "MB"),
	}}, nil
}

// residentSet is the resident set of a process, in MB.
func residentSet(pid int) (float64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(data)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "VmRSS:" {
			kb, err := strconv.Atoi(f[1])
			return float64(kb) / 1024, err
		}
	}
	return 0, errors.New("no VmRSS")
}
