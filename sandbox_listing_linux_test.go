// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/runtime"
	"github.com/sandbox-rls/sandbox/runtime/native"
)

// TestListingsAreWhole lists a workspace while its owner writes and uploads files, none of
// which may be shown under another name.
func TestListingsAreWhole(t *testing.T) {
	t.Parallel()
	m, _ := manager(t)
	cb, sb := ofSample(t, m)
	ctx, cancel := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	defer writers.Wait()
	defer cancel()
	meanwhile := func(do func(n int) error) {
		writers.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				if err := do(n); err != nil && ctx.Err() == nil {
					t.Error(err)
					return
				}
			}
		})
	}
	big := make([]byte, 1<<20)
	meanwhile(func(int) error { return sb.WriteFile(ctx, "src/written", big) })
	meanwhile(func(n int) error {
		_, err := m.UploadFile(ctx, cb.ID, "src/uploaded", strings.NewReader(fmt.Sprint(n)), sandbox.UploadOptions{})
		return err
	})
	for range 100 {
		files, err := sb.ListFiles(ctx, "", true)
		check(t, err)
		for _, f := range files {
			if strings.Contains(f.Path, ".tmp") {
				t.Fatalf("%s is listed", f.Path)
			}
		}
	}
}

// TestListingWhileKindsChange lists a workspace in which a directory becomes a file and a
// link again and again. It is read as a directory or not at all.
func TestListingWhileKindsChange(t *testing.T) {
	t.Parallel()
	sb := start(t, project(t, sample), sandbox.WithPreset("full-access"))
	must(t, sb, "mkdir area area/real area/real/in; for i in $(seq 30); do mkdir area/z$i; done")
	ctx, cancel := context.WithCancel(t.Context())
	var command sync.WaitGroup
	defer command.Wait()
	defer cancel()
	command.Go(func() {
		_, _ = sb.Run(ctx, "cd area; while :; do mkdir a; rmdir a; ln -s real a; rm a; mkdir a; rmdir a; echo > a; rm a; done")
	})
	for range 200 {
		files, err := sb.ListFiles(ctx, "area", true)
		check(t, err)
		in := false
		for _, f := range files {
			if strings.HasPrefix(f.Path, "/area/a/") {
				t.Fatalf("%s is listed", f.Path)
			}
			in = in || f.Path == "/area/real/in"
		}
		if !in {
			t.Fatal("the rest is not listed")
		}
	}
}

// TestListingOfADeepTree lists directories that are nested deeper than a path can say.
func TestListingOfADeepTree(t *testing.T) {
	t.Parallel()
	sb := start(t, project(t, sample), sandbox.WithPreset("full-access"))
	must(t, sb, `n=$(printf 'a%.0s' $(seq 200))
		make() { mkdir $1 && (cd $1 && for i in $(seq 12); do mkdir $n && cd $n || exit 1; done); }
		make A && make B && mv B A/$n/$n/$n/$n/$n/$n/$n/$n/$n/$n/$n/$n/`)
	files, err := sb.ListFiles(t.Context(), "A", true)
	check(t, err)
	if len(files) != 22 { // of 25: with /workspace before it, the path of the last but one is too long
		t.Errorf("%d files", len(files))
	}
	long := files[len(files)-1].Path
	_, err = sb.ListFiles(t.Context(), long+"/"+strings.Repeat("a", 4096), true)
	wantError(t, err, syscall.ENAMETOOLONG)
}

// TestListingOfADeadSandbox lists a workspace whose init is killed meanwhile: with it go the
// mounts, and what is then not found may be there.
func TestListingOfADeadSandbox(t *testing.T) {
	t.Parallel()
	rt := native.New()
	t.Cleanup(func() { check(t, rt.Close()) })
	h := &holder{Runtime: rt}
	m, err := sandbox.NewManager(sandbox.Config{StateDir: t.TempDir(), Runtime: h})
	check(t, err)
	t.Cleanup(func() { check(t, m.Close()) })
	sb, err := m.FromLocal(t.Context(), project(t, sample), sandbox.WithPreset("full-access"))
	check(t, err)
	must(t, sb, "for i in $(seq 150); do mkdir -p t/$i/a; touch t/$i/a/f; done")
	all, err := sb.ListFiles(t.Context(), "", true)
	check(t, err)
	for try := range 6 {
		kill := time.AfterFunc(time.Duration(try)*3*time.Millisecond, h.instance.Kill)
		files, err := sb.ListFiles(t.Context(), "", true)
		if err == nil && len(files) != len(all) {
			t.Errorf("%d of %d files are listed", len(files), len(all))
		}
		kill.Stop()
		_ = sb.Stop(t.Context())
		check(t, sb.Start(t.Context()))
	}
}

// holder is a runtime that has the last instance that it has started.
type holder struct {
	runtime.Runtime
	instance runtime.Instance
}

func (h *holder) Start(ctx context.Context, cfg runtime.Config) (runtime.Instance, error) {
	in, err := h.Runtime.Start(ctx, cfg)
	h.instance = in
	return in, err
}
