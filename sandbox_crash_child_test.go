// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sandbox-rls/sandbox"
)

// crashPlan is what a child does until it is killed.
type crashPlan struct {
	StateDir string
	Source   string // a directory to be imported
	Word     string // in the command lines of what it starts
	Seed     uint64
	Lanes    []*lane
}

// crashChild does random things in a state directory, and says so.
type crashChild struct {
	crashPlan
	m  *sandbox.Manager
	mu sync.Mutex // of stdout
}

func runCrashChild(text string) error {
	var c crashChild
	if err := json.Unmarshal([]byte(text), &c.crashPlan); err != nil {
		return err
	}
	var err error
	// A busy directory is that of a child before, which is about to be gone.
	if c.m, err = sandbox.NewManager(sandbox.Config{StateDir: c.StateDir, ParkAfter: 20 * time.Millisecond}); err != nil {
		return err
	}
	c.say(crashStep{Op: "ready", Lane: -1, Done: true})
	var wg sync.WaitGroup
	failed := make([]error, len(c.Lanes))
	for i, l := range c.Lanes {
		wg.Go(func() { failed[i] = c.work(l, rand.New(rand.NewPCG(c.Seed, uint64(i)))) })
	}
	wg.Wait()
	return errors.Join(failed...)
}

func (c *crashChild) say(s crashStep) {
	line, _ := json.Marshal(s)
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = os.Stdout.Write(append(line, '\n'))
}

// work does one step after the other.
func (c *crashChild) work(l *lane, r *rand.Rand) error {
	for {
		s := l.choose(r)
		if s.Op == "" {
			continue
		}
		c.say(s)
		if err := c.do(l, &s); err != nil {
			s.Err = err.Error()
			c.say(s)
			return err
		}
		s.Done = true
		c.say(s)
		l.apply(s)
	}
}

// choose thinks of something to do.
func (l *lane) choose(r *rand.Rand) crashStep {
	ops := []string{
		"upload", "upload", "tar", "import", "delete", "create", "create of directory", "create of snapshot", "fork",
		"write", "write", "write", "write", "write", "remove", "commit", "commit", "checkpoint", "restore", "forget",
		"discard", "destroy", "destroy", "start", "stop", "linger",
	}
	l.Serial++
	s := crashStep{Lane: l.N, Op: ops[r.IntN(len(ops))], Serial: l.Serial}
	pick := func(ids []string) string {
		if len(ids) == 0 {
			return ""
		}
		return ids[r.IntN(len(ids))]
	}
	ids := slices.Sorted(maps.Keys(l.Boxes))
	none := crashStep{}
	switch s.Op {
	case "upload":
		s.Path = "/up/" + strconv.Itoa(r.IntN(8))
		return s
	case "tar", "import":
		return s
	case "delete":
		if s.Made = pick(slices.Sorted(maps.Keys(l.Imported))); s.Made == "" {
			return none
		}
		return s
	case "create":
		if len(ids) > 4 {
			return none
		}
		return s
	case "create of directory", "create of snapshot":
		if slices.ContainsFunc(ids, func(id string) bool { return l.Boxes[id].Local }) {
			return none
		}
		return s
	}
	if s.Box = pick(ids); s.Box == "" {
		return none
	}
	b := l.Boxes[s.Box]
	switch s.Op {
	case "fork":
		if b.Local || len(ids) > 5 {
			return none
		}
	case "write":
		s.Path = b.Name + "/" + strconv.Itoa(r.IntN(6))
	case "remove":
		if s.Path = pick(slices.Sorted(maps.Keys(b.shows()))); s.Path == "" {
			return none
		}
	case "restore", "forget":
		if s.Kept = pick(slices.Sorted(maps.Keys(b.Kept))); s.Kept == "" {
			return none
		}
	}
	return s
}

// do does a step. The sandbox it is about is started where that is needed.
func (c *crashChild) do(l *lane, s *crashStep) error {
	ctx := context.Background()
	labels := map[string]string{"lane": strconv.Itoa(l.N), "serial": strconv.Itoa(s.Serial)}
	made := func(i *sandbox.Info, err error) error {
		if err == nil {
			s.Made = i.ID
		}
		return err
	}
	switch s.Op {
	case "upload":
		_, err := c.m.UploadFile(ctx, l.Codebase, s.Path, strings.NewReader(crashContent(s.Path, s.Serial)), sandbox.UploadOptions{})
		return err
	case "tar":
		_, err := c.m.ImportTar(ctx, l.Codebase, crashTar(s.Serial))
		return err
	case "import":
		cb, err := c.m.ImportDirectory(ctx, c.Source, sandbox.CreateCodebaseRequest{OwnerID: "imports-" + strconv.Itoa(l.N)})
		if err == nil {
			s.Made = cb.ID
		}
		return err
	case "delete":
		return c.m.DeleteCodebase(ctx, s.Made)
	case "create":
		return made(c.m.CreateSandbox(ctx, sandbox.CreateSandboxRequest{CodebaseID: l.Codebase, Rules: crashRules("/**"), Labels: labels}))
	case "create of directory":
		return made(c.m.CreateFromDirectory(ctx, l.Dir, sandbox.CreateSandboxRequest{Rules: crashRules("/**"), Labels: labels}))
	case "create of snapshot": // the root is not writable, and hidden is hidden
		return made(c.m.CreateFromDirectory(ctx, l.Dir, sandbox.CreateSandboxRequest{Rules: crashRules("/d/**"), Labels: labels}))
	case "fork":
		return made(c.m.Fork(ctx, s.Box, sandbox.ForkRequest{Labels: labels}))
	case "commit":
		// What a commit that was cut short has done is somebody else's change.
		_, err := c.m.Commit(ctx, s.Box, sandbox.CommitOptions{Overwrite: true})
		return err
	case "checkpoint":
		cp, err := c.m.CreateCheckpoint(ctx, s.Box, strconv.Itoa(s.Serial))
		if err == nil {
			s.Made = cp.ID
		}
		return err
	case "restore":
		return c.quietly(s.Box, func() error { return c.m.Restore(ctx, s.Box, s.Kept) })
	case "forget":
		return c.m.DeleteCheckpoint(ctx, s.Box, s.Kept)
	case "discard":
		return c.quietly(s.Box, func() error { return c.m.Discard(ctx, s.Box) })
	case "destroy":
		return c.m.DestroySandbox(ctx, s.Box)
	case "stop":
		_, err := c.m.StopSandbox(ctx, s.Box)
		return err
	}
	if _, err := c.m.StartSandbox(ctx, s.Box); err != nil {
		return err
	}
	switch s.Op {
	case "write":
		return c.m.WriteFile(ctx, s.Box, s.Path, []byte(crashContent(s.Path, s.Serial)))
	case "remove":
		_, err := c.m.Exec(ctx, s.Box, sandbox.ExecRequest{Argv: []string{"rm", "-f", "/workspace" + s.Path}})
		return err
	case "linger":
		session, err := c.m.CreateSession(ctx, s.Box, sandbox.CreateSessionRequest{})
		if err != nil {
			return err
		}
		s.Made = session.ID
		_, err = c.m.SessionExec(ctx, session.ID, sandbox.SessionExecRequest{Command: "setsid sh -c 'sleep 1000; : " + c.Word + "' & true"})
		return err
	}
	return nil
}

// quietly does something that wants nothing to go on in a sandbox.
func (c *crashChild) quietly(id string, do func() error) error {
	err := do()
	if errors.Is(err, sandbox.ErrSandboxBusy) { // a session is open
		if _, err = c.m.StopSandbox(context.Background(), id); err == nil {
			err = do()
		}
	}
	return err
}

// crashRules let what a pattern matches be written, and the rest be read; /hidden
// is hidden.
func crashRules(pattern string) []sandbox.Rule {
	rules := []sandbox.Rule{{Pattern: "/**", Permission: sandbox.Read}, {Pattern: pattern, Permission: sandbox.Write, Priority: 1}}
	if pattern != "/**" {
		rules = append(rules, sandbox.Rule{Pattern: "/hidden", Permission: sandbox.None, Priority: 2})
	}
	return rules
}

func crashTar(serial int) *bytes.Buffer {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, path := range tarPaths {
		data := crashContent(path, serial)
		_ = w.WriteHeader(&tar.Header{Name: path[1:], Mode: 0o644, Size: int64(len(data))})
		_, _ = fmt.Fprint(w, data)
	}
	_ = w.Close()
	return &b
}
