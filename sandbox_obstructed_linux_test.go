// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/runtime"
	"github.com/sandbox-rls/sandbox/runtime/native"
)

// obstruct makes a sandbox of a codebase in which two of three uploads have no place: a
// directory has the name of one, and on the way to the other there is a link.
func obstruct(t *testing.T, m *sandbox.Manager) (*sandbox.Codebase, *sandbox.Sandbox) {
	t.Helper()
	cb, err := m.ImportCodebase(t.Context(), project(t, sample))
	check(t, err)
	sb, err := m.FromCodebase(t.Context(), cb.ID, everything)
	check(t, err)
	must(t, sb, "mkdir task; mv src source; ln -s source src; echo kept > /tmp/f")
	return cb, sb
}

func uploadThree(t *testing.T, m *sandbox.Manager, cb *sandbox.Codebase) {
	t.Helper()
	for _, name := range []string{"task", "src/new", "free"} {
		uploadFile(t, m, cb.ID, name, "uploaded")
	}
}

// TestObstructedUpload stops and starts a sandbox into which uploads cannot be brought,
// and brings them there when they can.
func TestObstructedUpload(t *testing.T) {
	t.Parallel()
	m, _ := manager(t)
	cb, sb := obstruct(t, m)
	uploadThree(t, m, cb)
	for range 2 {
		check(t, sb.Stop(t.Context()))
		check(t, sb.Start(t.Context()))
		if got := must(t, sb, "cat free; ls -d task/ source/new 2>/dev/null; readlink src"); got != "uploadedtask/\nsource" {
			t.Errorf("got %q", got)
		}
	}
	for _, name := range []string{"task", "free"} {
		if got := download(t, m, cb.ID, name); got != "uploaded" {
			t.Errorf("%s: the codebase has %q", name, got)
		}
	}
	report, err := sb.Commit(t.Context(), sandbox.CommitOptions{Paths: []string{"task", "free"}})
	if !errors.Is(err, sandbox.ErrConflict) || paths(report.Conflicts) != "/task" {
		t.Errorf("got %+v, %v", report, err)
	}
	must(t, sb, "rm src; mv source src; rmdir task")
	uploadFile(t, m, cb.ID, "another", "uploaded")
	if got := must(t, sb, "cat task src/new free another"); got != strings.Repeat("uploaded", 4) {
		t.Errorf("got %q", got)
	}
	wantChanges(t, sb)
	check(t, sb.Destroy(t.Context()))
}

// TestObstructedUploadIsOlder is about what a sandbox writes to where an upload could not
// be brought: that is the newer, and stays. To a commit the upload is a conflict.
func TestObstructedUploadIsOlder(t *testing.T) {
	t.Parallel()
	m, stateDir := manager(t)
	cb, sb := obstruct(t, m)
	uploadThree(t, m, cb)
	must(t, sb, "rmdir task; echo mine > task; echo mine > free")
	check(t, m.Close())
	m, err := sandbox.NewManager(sandbox.Config{StateDir: stateDir})
	check(t, err)
	t.Cleanup(func() { check(t, m.Close()) })
	sb, err = m.Connect(t.Context(), sb.ID())
	check(t, err)
	check(t, sb.Start(t.Context()))
	if got := must(t, sb, "cat task free"); got != "mine\nmine" {
		t.Errorf("got %q", got)
	}
	for _, name := range []string{"task", "free"} {
		if got := download(t, m, cb.ID, name); got != "mine\n" {
			t.Errorf("%s: got %q", name, got)
		}
	}
	report, err := sb.Commit(t.Context(), sandbox.CommitOptions{Paths: []string{"task", "free"}})
	if !errors.Is(err, sandbox.ErrConflict) || paths(report.Conflicts) != "/task" {
		t.Errorf("got %+v, %v", report, err)
	}
	check(t, sb.Destroy(t.Context()))
	if got := download(t, m, cb.ID, "task"); got != "mine\n" {
		t.Errorf("got %q", got)
	}
}

// TestObstructedUploadAfterKill has the process end without writing down what waits: what
// the sandbox wrote since is the newer all the same.
func TestObstructedUploadAfterKill(t *testing.T) {
	t.Parallel()
	m, stateDir := manager(t)
	cb, sb := obstruct(t, m)
	uploadThree(t, m, cb)
	must(t, sb, "rmdir task; echo mine > task")
	killed := t.TempDir()
	copyState(t, killed, stateDir)
	check(t, sb.Destroy(t.Context()))
	m, err := sandbox.NewManager(sandbox.Config{StateDir: killed})
	check(t, err)
	t.Cleanup(func() { check(t, m.Close()) })
	sb, err = m.Connect(t.Context(), sb.ID())
	check(t, err)
	var before []string
	for i := range 5 {
		check(t, sb.Stop(t.Context()))
		check(t, sb.Start(t.Context()))
		if got := must(t, sb, "cat task free"); got != "mine\nuploaded" {
			t.Errorf("got %q", got)
		}
		bases, err := filepath.Glob(filepath.Join(killed, "deltas", sb.ID(), "base-*"))
		check(t, err)
		if i > 2 && !slices.Equal(bases, before) {
			t.Errorf("a base for nothing: %q after %q", bases, before)
		}
		before = bases
	}
	check(t, sb.Destroy(t.Context()))
}

// copyState copies a state directory, but for the work directories of the overlays that
// are mounted, which only the kernel may look into.
func copyState(t *testing.T, to, from string) {
	t.Helper()
	entries, err := os.ReadDir(from)
	check(t, err)
	for _, e := range entries {
		src, dst := filepath.Join(from, e.Name()), filepath.Join(to, e.Name())
		if e.Name() != "work" && e.Name() != "deltas" && filepath.Base(from) != "deltas" {
			if out, err := exec.Command("cp", "-a", src, to).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			continue
		}
		check(t, os.Mkdir(dst, 0o700))
		if e.Name() != "work" {
			copyState(t, dst, src)
		}
		fi, err := os.Lstat(src)
		check(t, err)
		st := fi.Sys().(*syscall.Stat_t)
		check(t, errors.Join(os.Chown(dst, int(st.Uid), int(st.Gid)), os.Chmod(dst, fi.Mode())))
	}
}

// TestObstructedWhileParked wakes a sandbox into which uploads cannot be brought: what is
// in memory stays.
func TestObstructedWhileParked(t *testing.T) {
	t.Parallel()
	m := parkingManager(t, 50*time.Millisecond)
	cb, sb := obstruct(t, m)
	awaitParked(t, sb)
	uploadThree(t, m, cb)
	if got := must(t, sb, "cat /tmp/f free; ls -d task/"); got != "kept\nuploadedtask/" {
		t.Errorf("got %q", got)
	}
	check(t, sb.Destroy(t.Context()))
}

// hasty is a runtime that does something when it has started a sandbox.
type hasty struct {
	runtime.Runtime
	started func()
}

func (h *hasty) Start(ctx context.Context, cfg runtime.Config) (runtime.Instance, error) {
	in, err := h.Runtime.Start(ctx, cfg)
	h.started()
	return in, err
}

// TestWakingGivenUp gives a waking up when the processes are there and nothing else is:
// what is in memory stays, and so do uploads.
func TestWakingGivenUp(t *testing.T) {
	t.Parallel()
	rt := native.New()
	t.Cleanup(func() { check(t, rt.Close()) })
	h := &hasty{rt, func() {}}
	m, err := sandbox.NewManager(sandbox.Config{StateDir: t.TempDir(), ParkAfter: 50 * time.Millisecond, Runtime: h})
	check(t, err)
	t.Cleanup(func() { check(t, m.Close()) })
	cb, sb := obstruct(t, m)
	awaitParked(t, sb)
	uploadThree(t, m, cb)
	ctx, cancel := context.WithCancel(t.Context())
	h.started = cancel
	for range 2 {
		if _, err := sb.Run(ctx, "true"); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		ctx, cancel = context.WithCancel(t.Context())
		h.started = cancel
	}
	h.started = func() {}
	if got := must(t, sb, "cat /tmp/f free"); got != "kept\nuploaded" {
		t.Errorf("got %q", got)
	}
	check(t, sb.Destroy(t.Context()))
}
