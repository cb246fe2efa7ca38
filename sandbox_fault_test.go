// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/internal/metadata"
)

// fillUp takes all the room of a file system, which free gives back.
func fillUp(t *testing.T, dir string) (free func()) {
	t.Helper()
	name := filepath.Join(dir, "filler")
	f, err := os.Create(name)
	check(t, err)
	defer f.Close()
	for size := 1 << 20; size > 0; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
	return func() { check(t, os.Remove(name)) }
}

// TestFullState fills the file system of the state directory, and makes room again.
func TestFullState(t *testing.T) {
	t.Parallel()
	if !inNamespace(t) {
		return
	}
	ctx, dir := t.Context(), tiny(t)
	m, err := sandbox.NewManager(sandbox.Config{StateDir: dir})
	check(t, err)
	t.Cleanup(func() { check(t, m.Close()) })
	cb, err := m.ImportCodebase(ctx, project(t, sample))
	check(t, err)
	sb, err := m.FromCodebase(ctx, cb.ID, everything)
	check(t, err)
	other, err := m.FromCodebase(ctx, cb.ID, everything)
	check(t, err)
	must(t, sb, "head -c 200000 /dev/urandom > big; echo x > small; rm README.md")
	must(t, other, "head -c 200000 /dev/urandom > other; echo x > little")
	const changed, alsoChanged = "added /big, added /small, deleted /README.md", "added /little, added /other"
	unchanged := func() {
		t.Helper()
		wantChanges(t, sb, strings.Split(changed, ", ")...)
		wantChanges(t, other, strings.Split(alsoChanged, ", ")...)
		page, err := m.ListSandboxes(ctx, sandbox.ListSandboxesRequest{})
		check(t, err)
		if len(page.Sandboxes) != 2 {
			t.Errorf("%d sandboxes", len(page.Sandboxes))
		}
		if names := dirNames(t, filepath.Join(dir, "deltas")); len(names) != 2 {
			t.Errorf("deltas: %q", names)
		}
		if list, err := sb.ListCheckpoints(ctx); err != nil || len(list) != 0 {
			t.Errorf("checkpoints: %v, %v", list, err)
		}
		if names, _ := filepath.Glob(filepath.Join(dir, "deltas", sb.ID(), "checkpoints", "*")); len(names) > 0 {
			t.Errorf("checkpoints: %q", names)
		}
	}
	free := fillUp(t, dir)
	_, err = m.UploadFile(ctx, cb.ID, "up", strings.NewReader(strings.Repeat("x", 300_000)), sandbox.UploadOptions{})
	wantError(t, err, syscall.ENOSPC)
	if got := download(t, m, cb.ID, "up"); !strings.Contains(got, "error") {
		t.Errorf("an upload that failed is there: %d bytes", len(got))
	}
	_, err = sb.Fork(ctx)
	wantError(t, err, syscall.ENOSPC)
	unchanged()
	_, err = sb.Checkpoint(ctx, "")
	wantError(t, err, syscall.ENOSPC)
	unchanged()
	_, err = sb.Commit(ctx, sandbox.CommitOptions{})
	wantError(t, err, syscall.ENOSPC)
	unchanged()
	if made, err := m.FromCodebase(ctx, cb.ID, everything); err == nil {
		check(t, made.Close())
	} else {
		wantError(t, err, syscall.ENOSPC)
	}
	unchanged()
	err = sb.Destroy(ctx)
	wantError(t, err, syscall.ENOSPC)
	for _, word := range []string{cb.ID, "make room", "discard"} {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%q does not say %q", err, word)
		}
	}
	unchanged()
	if i := infoOf(t, sb); i.Status != sandbox.StatusStopped {
		t.Errorf("got %+v", i)
	}
	// What the error says helps.
	check(t, other.Stop(ctx))
	check(t, other.Discard(ctx))
	eventually(t, "there is room", func() bool { return other.Destroy(ctx) == nil })
	free()
	uploadFile(t, m, cb.ID, "up", "loaded")
	check(t, sb.Start(ctx))
	if got := must(t, sb, "cat up small; ls"); !strings.HasPrefix(got, "loadedx\n") {
		t.Errorf("got %q", got)
	}
	_, err = sb.Checkpoint(ctx, "")
	check(t, err)
	fork, err := sb.Fork(ctx)
	check(t, err)
	check(t, fork.Discard(ctx))
	check(t, fork.Close())
	check(t, sb.Close())
	if got := download(t, m, cb.ID, "small"); got != "x\n" {
		t.Errorf("got %q", got)
	}
}

// TestFullAtRestart opens a state directory on a full file system.
func TestFullAtRestart(t *testing.T) {
	t.Parallel()
	if !inNamespace(t) {
		return
	}
	dir := tiny(t)
	m, err := sandbox.NewManager(sandbox.Config{StateDir: dir})
	check(t, err)
	sb, err := m.FromLocal(t.Context(), project(t, sample), everything)
	check(t, err)
	must(t, sb, "echo x > file")
	free := fillUp(t, dir)
	if err := m.Close(); err != nil {
		t.Errorf("closing: %v", err)
	}
	if m, err = sandbox.NewManager(sandbox.Config{StateDir: dir}); err != nil {
		wantError(t, err, syscall.ENOSPC)
		free()
		m, err = sandbox.NewManager(sandbox.Config{StateDir: dir})
		check(t, err)
	}
	again, err := m.Connect(t.Context(), sb.ID())
	check(t, err)
	check(t, again.Start(t.Context()))
	if got := must(t, again, "cat file"); got != "x" {
		t.Errorf("got %q", got)
	}
	check(t, m.Close())
}

// TestDamagedRecord damages what is known of one of two sandboxes.
func TestDamagedRecord(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m, err := sandbox.NewManager(sandbox.Config{StateDir: dir})
	check(t, err)
	source := project(t, sample)
	var ids []string
	for range 2 {
		sb, err := m.FromLocal(t.Context(), source, sandbox.WithPreset("development"))
		check(t, err)
		must(t, sb, "echo x > file")
		ids = append(ids, sb.ID())
	}
	check(t, m.Close())
	whole := editRecord(t, dir, ids[0], func(map[string]any) any { return "nonsense" })
	deltas, snaps := state(t, filepath.Join(dir, "deltas")), state(t, filepath.Join(dir, "snapshots"))
	_, err = sandbox.NewManager(sandbox.Config{StateDir: dir})
	wantError(t, err)
	for _, word := range []string{ids[0], "damaged"} {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%q does not say %q", err, word)
		}
	}
	if !slices.Equal(state(t, filepath.Join(dir, "deltas")), deltas) || !slices.Equal(state(t, filepath.Join(dir, "snapshots")), snaps) {
		t.Error("something was touched")
	}
	editRecord(t, dir, ids[0], func(map[string]any) any { return json.RawMessage(whole) })
	m, err = sandbox.NewManager(sandbox.Config{StateDir: dir})
	check(t, err)
	for _, id := range ids {
		sb, err := m.Connect(t.Context(), id)
		check(t, err)
		wantChanges(t, sb, "added /file")
	}
	check(t, m.Close())
}

// editRecord changes what the metadata say of a sandbox, and returns what they said.
func editRecord(t *testing.T, stateDir, id string, edit func(map[string]any) any) (old []byte) {
	t.Helper()
	store, err := metadata.Open(stateDir)
	check(t, err)
	table, err := store.Table("sandboxes")
	check(t, err)
	row, err := table.Get(id)
	check(t, err)
	old = row.Doc
	var doc map[string]any
	_ = json.Unmarshal(old, &doc)
	row.Doc, err = json.Marshal(edit(doc))
	check(t, errors.Join(err, table.Put(row), store.Close()))
	return old
}
