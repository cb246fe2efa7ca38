// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"context"
	"testing"

	"github.com/sandbox-rls/sandbox"
)

func TestChanges(t *testing.T) {
	t.Parallel()
	sb := start(t, project(t, map[string]string{
		"keep": "same\n", "edit": "old\n", "mode": "x", "gone": "bye\n", "dir/a": "a", "dir/b/c": "c", "old/x": "x", "link": "-> keep", "turn": "file",
	}), everything)
	wantChanges(t, sb)
	must(t, sb, "cat keep link; touch -a keep")
	must(t, sb, `
		echo more >> edit
		chmod 700 mode
		rm gone
		rm -r dir
		mkdir -p new/deep; echo n > new/deep/file
		mv old renamed
		ln -sf edit link
		rm turn; mkdir turn
		echo temporary > temp; rm temp`)
	want := []string{
		"modified /edit", "modified /mode", "deleted /gone", "deleted /dir", "deleted /dir/a", "deleted /dir/b", "deleted /dir/b/c",
		"added /new", "added /new/deep", "added /new/deep/file", "deleted /old", "deleted /old/x", "added /renamed", "added /renamed/x",
		"modified /link", "modified /turn",
	}
	wantChanges(t, sb, want...)
	changes, err := sb.Changes(t.Context())
	check(t, err)
	for _, c := range changes {
		switch c.Path {
		case "/edit":
			if c.Size != 9 || c.OldSize != 4 {
				t.Errorf("got %+v", c)
			}
		case "/mode":
			if c.Mode.Perm() != 0o700 || c.OldMode.Perm() != 0o644 {
				t.Errorf("got %+v", c)
			}
		case "/turn":
			if !c.Mode.IsDir() || !c.OldMode.IsRegular() {
				t.Errorf("got %+v", c)
			}
		}
	}
	check(t, sb.Stop(t.Context()))
	wantChanges(t, sb, want...)
	check(t, sb.Start(t.Context()))
	wantChanges(t, sb, want...)
	must(t, sb, "cat renamed/x new/deep/file edit; test ! -e gone && test ! -e dir && echo old > edit")
	check(t, sb.Destroy(t.Context()))
	_, err = sb.Changes(t.Context())
	wantError(t, err, sandbox.ErrSandboxNotFound)
}

func TestChangesOfFiles(t *testing.T) {
	t.Parallel()
	sb := start(t, leveled(t), levels)
	check(t, sb.WriteFile(context.Background(), "write/new/file", []byte("x")))
	check(t, sb.WriteFile(context.Background(), "write/file", []byte("x")))
	wantChanges(t, sb, "added /write/new", "added /write/new/file", "modified /write/file")
}

func TestChangesUndone(t *testing.T) {
	t.Parallel()
	sb := start(t, project(t, map[string]string{"file": "text\n", "dir/x": "x"}), everything)
	must(t, sb, "cp -p file copy && mv copy file; cp -a dir d2 && rm -r dir && mv d2 dir")
	wantChanges(t, sb)
}

func TestChangesReadOnly(t *testing.T) {
	t.Parallel()
	sb := start(t, project(t, sample), sandbox.WithPreset("read-only"))
	mustNot(t, sb, "echo x > README.md")
	mustNot(t, sb, "mkdir output")
	wantChanges(t, sb)
}
