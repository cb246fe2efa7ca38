// SPDX-License-Identifier: MIT

package ledgertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/engine"
	"github.com/sandbox-rls/sandbox/runtime"
)

// patience is how long something that must end is awaited, besides what it races.
const patience = 2 * time.Minute

// environ is what the attacker's command is given. With the race detector it would
// end a second late.
var environ = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LEDGER=given", "GORACE=atexit_sleep_ms=0"}

// box is a sandbox under attack.
type box struct {
	*engine.Box
	space *engine.Workspace
	src   *source
	mode  mode
}

// newBox starts a sandbox. Where the guard is to be gone, it is closed at once: that
// is what a killed owner leaves for as long as anything in the sandbox still runs.
func (s *suite) newBox(t *testing.T, m mode) *box {
	t.Helper()
	src := newSource(t, s.program)
	policy, err := fsguard.Compile(rules)
	check(t, err)
	s.boxes++
	id := fmt.Sprintf("ledger-%d-%d", os.Getpid(), s.boxes)
	space, err := s.engine.FromDir(t.Context(), id, src.dir, policy, s.live, engine.DiskLimit{})
	check(t, err)
	t.Cleanup(space.Release)
	rt := s.runtime
	if m == mountAlone {
		rt = untrapped{rt}
	}
	b, err := s.engine.Start(t.Context(), space, engine.StartOptions{
		ID: id, Runtime: rt, Network: runtime.NetworkNone, Image: s.image, Hostname: "ledger",
	})
	check(t, err)
	t.Cleanup(b.Close)
	if m == guardGone {
		b.Files.Close()
	}
	return &box{Box: b, space: space, src: src, mode: m}
}

// untrapped is a runtime whose sandboxes have a filter that asks nobody.
type untrapped struct{ runtime.Runtime }

func (u untrapped) Start(ctx context.Context, cfg runtime.Config) (_ runtime.Instance, err error) {
	cfg.Notify = false
	if cfg.Filter, err = fsguard.Filter(false); err != nil {
		return nil, err
	}
	return u.Runtime.Start(ctx, cfg)
}

// begin starts a command, with its output to a pipe that it returns.
func (b *box) begin(t *testing.T, argv []string) (out *os.File, p runtime.Process) {
	t.Helper()
	null, err := os.Open(os.DevNull)
	check(t, err)
	defer null.Close()
	r, w, err := os.Pipe()
	check(t, err)
	p, err = b.Start(runtime.Command{Argv: argv, Env: environ, Dir: engine.Target, Stdin: null, Stdout: w, Stderr: w})
	w.Close()
	if err != nil {
		r.Close()
		t.Fatalf("starting %q: %v", argv, err)
	}
	return r, p
}

// end waits for a command and returns what it printed.
func end(t *testing.T, out *os.File, p runtime.Process, within time.Duration) (string, runtime.Status) {
	t.Helper()
	defer out.Close()
	check(t, out.SetReadDeadline(time.Now().Add(within)))
	data, err := io.ReadAll(out)
	if err != nil {
		t.Fatalf("a command goes on and on: %v; it printed %.500q", err, data)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	st, err := p.Wait(ctx)
	if err != nil {
		t.Fatalf("a command did not end: %v; it printed %.500q", err, data)
	}
	return string(data), st
}

// make has the attacker make the tries of a row and compares what came of them.
func (b *box) make(t *testing.T, r row, o orders) {
	t.Helper()
	o.Row, o.Mode, o.Env = r.name, b.mode, environ
	arg, err := json.Marshal(o)
	check(t, err)
	before := b.delta(t)
	out, p := b.begin(t, []string{ws + program, attackArg, string(arg)})
	said, st := end(t, out, p, patience+o.Duration)
	if strings.Contains(said, b.src.secret) {
		t.Errorf("what must not be read was read: %s", said)
	}
	var saw []string
	tries := r.tries()
	if err := json.Unmarshal([]byte(said), &saw); err != nil || len(saw) != len(tries) {
		t.Fatalf("the attacker ended with %d and printed %.500q: %v", st.ExitCode, said, err)
	}
	for i, try := range tries {
		if !try.right(b.mode, saw[i]) {
			t.Errorf("%s: %s, want %s", try.name, saw[i], try.want(b.mode))
		}
	}
	b.holds(t, before)
}

// holds checks what no attack may change.
func (b *box) holds(t *testing.T, before map[string]string) {
	t.Helper()
	select {
	case <-b.Done():
		t.Errorf("the sandbox ended: %v", b.Cause())
	default:
	}
	b.src.unchanged(t)
	after := b.delta(t)
	for path, is := range after {
		was, known := before[path]
		_, old := b.src.before[path]
		switch {
		case known && was == is:
		case b.mode != guardThere:
			t.Errorf("without a guard %s was changed", path)
		case !mayChange(path) && !(old && strings.HasPrefix(is, "d")):
			t.Errorf("%s was changed", path)
		}
	}
}

// delta lists what the sandbox has changed.
func (b *box) delta(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	dir := b.space.Upper()
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENAMETOOLONG) || name == dir {
			return nil // gone meanwhile, or deeper than names reach
		}
		if err != nil {
			return err
		}
		if info, err := d.Info(); err == nil {
			all[strings.TrimPrefix(name, dir)] = info.Mode().String()
			if !d.IsDir() {
				all[strings.TrimPrefix(name, dir)] += info.ModTime().String()
			}
		}
		return nil
	})
	check(t, err)
	return all
}
