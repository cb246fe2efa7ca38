// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/internal/metadata"
)

// crowd makes a state directory with many stopped sandboxes, and
// returns their ids in order.
func crowd(t testing.TB, n int) (m *sandbox.Manager, ids []string) {
	t.Helper()
	dir := t.TempDir()
	m, err := sandbox.NewManager(sandbox.Config{StateDir: dir})
	check(t, err)
	check(t, m.Close())
	store, err := metadata.Open(dir)
	check(t, err)
	store.DB().NoSync = true
	table, err := store.Table("sandboxes")
	check(t, err)
	rules, err := sandbox.GetPreset("agent-safe")
	check(t, err)
	for i := range n {
		id := fmt.Sprintf("sb_%08d", i)
		info := sandbox.Info{
			ID: id, CodebaseID: fmt.Sprint("cb_", i%10), Runtime: "native", Status: sandbox.StatusStopped, Rules: rules, Created: time.Now(),
			Labels: map[string]string{"n": strconv.Itoa(i), "tenth": strconv.Itoa(i / 10 % 10)},
		}
		doc, err := json.Marshal(map[string]any{"info": info})
		check(t, errors.Join(err, table.Put(metadata.Row{ID: id, Group: info.CodebaseID, Labels: info.Labels, Doc: doc})))
		ids = append(ids, id)
	}
	check(t, store.Close())
	m, err = sandbox.NewManager(sandbox.Config{StateDir: dir})
	check(t, err)
	t.Cleanup(func() { check(t, m.Close()) })
	return m, ids
}

// allPages reads page after page.
func allPages(t testing.TB, m *sandbox.Manager, req sandbox.ListSandboxesRequest) (ids []string) {
	t.Helper()
	for {
		page, err := m.ListSandboxes(t.Context(), req)
		check(t, err)
		for i := range page.Sandboxes {
			ids = append(ids, page.Sandboxes[i].ID)
		}
		if req.PageToken = page.NextPageToken; req.PageToken == "" {
			return ids
		}
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	m, ids := crowd(t, 1200)
	where := func(yes func(i int) bool) (want []string) {
		for i, id := range ids {
			if yes(i) {
				want = append(want, id)
			}
		}
		return want
	}
	for name, c := range map[string]struct {
		req  sandbox.ListSandboxesRequest
		want []string
	}{
		"all":                   {sandbox.ListSandboxesRequest{}, ids},
		"pages too large":       {sandbox.ListSandboxesRequest{PageSize: 1 << 30}, ids},
		"small pages":           {sandbox.ListSandboxesRequest{PageSize: 7}, ids},
		"codebase":              {sandbox.ListSandboxesRequest{CodebaseID: "cb_3"}, where(func(i int) bool { return i%10 == 3 })},
		"codebase, small pages": {sandbox.ListSandboxesRequest{CodebaseID: "cb_3", PageSize: 9}, where(func(i int) bool { return i%10 == 3 })},
		"part of an id":         {sandbox.ListSandboxesRequest{CodebaseID: "cb_"}, nil},
		"label":                 {sandbox.ListSandboxesRequest{Labels: map[string]string{"tenth": "4"}, PageSize: 3}, where(func(i int) bool { return i/10%10 == 4 })},
		"one": {
			sandbox.ListSandboxesRequest{Labels: map[string]string{"tenth": "4", "n": "1041"}},
			[]string{"sb_00001041"},
		},
		"none": {sandbox.ListSandboxesRequest{Labels: map[string]string{"tenth": "4", "n": "1"}}, nil},
	} {
		if got := allPages(t, m, c.req); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %d, want %d", name, len(got), len(c.want))
		}
	}
	for _, token := range []string{"?", "AA==", strings.Repeat("A", 1000), "\x00"} {
		_, err := m.ListSandboxes(t.Context(), sandbox.ListSandboxesRequest{PageToken: token})
		wantError(t, err, sandbox.ErrInvalid)
		_, err = m.ListCodebases(t.Context(), sandbox.ListCodebasesRequest{PageToken: token})
		wantError(t, err, sandbox.ErrInvalid)
	}
}

func TestCodebasePages(t *testing.T) {
	t.Parallel()
	m, err := sandbox.NewManager(sandbox.Config{})
	check(t, err)
	t.Cleanup(func() { check(t, m.Close()) })
	byOwner := map[string][]string{}
	for i := range 500 {
		owner := []string{"", "ann", "an", "bob"}[i%4]
		c, err := m.CreateCodebase(t.Context(), sandbox.CreateCodebaseRequest{OwnerID: owner})
		check(t, err)
		byOwner[owner] = append(byOwner[owner], c.ID)
		byOwner["all"] = append(byOwner["all"], c.ID)
	}
	for _, ids := range byOwner {
		slices.Sort(ids) // of one millisecond in any order
	}
	for owner, want := range map[string][]string{"ann": byOwner["ann"], "an": byOwner["an"], "bob": byOwner["bob"], "": byOwner["all"], "a": nil} {
		var got []string
		for req := (sandbox.ListCodebasesRequest{OwnerID: owner, PageSize: 11}); ; {
			page, err := m.ListCodebases(t.Context(), req)
			check(t, err)
			for i := range page.Codebases {
				got = append(got, page.Codebases[i].ID)
			}
			if req.PageToken = page.NextPageToken; req.PageToken == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("owner %q: got %d, want %d", owner, len(got), len(want))
		}
	}
}

func BenchmarkPages(b *testing.B) {
	m, _ := crowd(b, 10_000)
	token := ""
	for range 50 {
		page, err := m.ListSandboxes(b.Context(), sandbox.ListSandboxesRequest{PageToken: token})
		check(b, err)
		token = page.NextPageToken
	}
	for name, req := range map[string]sandbox.ListSandboxesRequest{
		"first": {}, "middle": {PageToken: token}, "codebase": {CodebaseID: "cb_7"},
		"label of some": {Labels: map[string]string{"tenth": "4"}}, "label of one": {Labels: map[string]string{"n": "9999"}},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, err := m.ListSandboxes(b.Context(), req)
				check(b, err)
			}
		})
	}
}

func BenchmarkCodebasePages(b *testing.B) {
	m, err := sandbox.NewManager(sandbox.Config{})
	check(b, err)
	b.Cleanup(func() { check(b, m.Close()) })
	for i := range 10_000 {
		_, err := m.CreateCodebase(b.Context(), sandbox.CreateCodebaseRequest{OwnerID: fmt.Sprint(i % 10)})
		check(b, err)
	}
	for _, owner := range []string{"", "7"} {
		b.Run("owner "+owner, func(b *testing.B) {
			for b.Loop() {
				_, err := m.ListCodebases(b.Context(), sandbox.ListCodebasesRequest{OwnerID: owner})
				check(b, err)
			}
		})
	}
}

// TestClosedManager calls everything after Close, of sandboxes that were used and
// of one that was not.
func TestClosedManager(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"", t.TempDir()} {
		m, err := sandbox.NewManager(sandbox.Config{StateDir: dir})
		check(t, err)
		sb, err := m.FromLocal(t.Context(), project(t, sample))
		check(t, err)
		cb, err := m.CreateCodebase(t.Context(), sandbox.CreateCodebaseRequest{})
		check(t, err)
		check(t, m.Close())
		ctx, c := context.Background(), cb.ID
		second := func(_ any, err error) error { return err }
		for _, id := range []string{sb.ID(), "sb_none"} {
			for name, err := range map[string]error{
				"GetSandbox": second(m.GetSandbox(ctx, id)), "ListSandboxes": second(m.ListSandboxes(ctx, sandbox.ListSandboxesRequest{})),
				"StartSandbox": second(m.StartSandbox(ctx, id)), "StopSandbox": second(m.StopSandbox(ctx, id)), "DestroySandbox": m.DestroySandbox(ctx, id),
				"Exec": second(m.Exec(ctx, id, sandbox.ExecRequest{Command: "true"})), "CreateSession": second(m.CreateSession(ctx, id, sandbox.CreateSessionRequest{})),
				"ListSessions": second(m.ListSessions(ctx, id)), "ReadFile": second(m.ReadFile(ctx, id, "README.md")), "Changes": second(m.Changes(ctx, id)),
				"Commit": second(m.Commit(ctx, id, sandbox.CommitOptions{})), "Fork": second(m.Fork(ctx, id, sandbox.ForkRequest{})),
				"GetCodebase": second(m.GetCodebase(ctx, c)), "ListCodebases": second(m.ListCodebases(ctx, sandbox.ListCodebasesRequest{})),
				"UploadFile":    second(m.UploadFile(ctx, c, "a", strings.NewReader(""), sandbox.UploadOptions{})),
				"DownloadFile":  second(m.DownloadFile(ctx, c, "a")),
				"ExportTar":     m.ExportTar(ctx, c, &bytes.Buffer{}),
				"CreateSandbox": second(m.CreateSandbox(ctx, sandbox.CreateSandboxRequest{CodebaseID: c})),
			} {
				if !errors.Is(err, sandbox.ErrClosed) {
					t.Errorf("%s of %s: %v", name, id, err)
				}
			}
		}
	}
}

// TestListingWhileWriting lists, finds and uploads while the file of the metadata
// grows, for which it waits until nobody reads it.
func TestListingWhileWriting(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m, err := sandbox.NewManager(sandbox.Config{StateDir: dir})
	check(t, err)
	cb, err := m.CreateCodebase(t.Context(), sandbox.CreateCodebaseRequest{})
	check(t, err)
	var ids []string
	for range 20 {
		info, err := m.CreateSandbox(t.Context(), sandbox.CreateSandboxRequest{CodebaseID: cb.ID, Rules: crashRules("/**"), Start: len(ids) == 0})
		check(t, err)
		ids = append(ids, info.ID)
	}
	check(t, m.Close())
	m, err = sandbox.NewManager(sandbox.Config{StateDir: dir}) // which has none at hand
	check(t, err)
	t.Cleanup(func() { check(t, m.Close()) })
	_, err = m.StartSandbox(t.Context(), ids[0])
	check(t, err)
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for _, read := range []func(n int) error{
		func(int) error {
			_, err := m.ListSandboxes(context.Background(), sandbox.ListSandboxesRequest{})
			return err
		},
		func(n int) error { _, err := m.ListCheckpoints(context.Background(), ids[n%len(ids)]); return err },
		func(n int) error {
			_, err := m.UploadFile(context.Background(), cb.ID, fmt.Sprint("up/", n%10), strings.NewReader("x"), sandbox.UploadOptions{})
			return err
		},
		func(n int) error {
			_, err := m.CreateCheckpoint(context.Background(), ids[0], "")
			if err == nil {
				_, err = m.ListFiles(context.Background(), cb.ID, "", true)
			}
			return err
		},
	} {
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				if err := read(n); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	labels := map[string]string{"long": strings.Repeat("x", 60<<10)}
	for range 60 {
		_, err := m.CreateSandbox(t.Context(), sandbox.CreateSandboxRequest{CodebaseID: cb.ID, Labels: labels})
		check(t, err)
	}
	stop()
	wg.Wait()
}
