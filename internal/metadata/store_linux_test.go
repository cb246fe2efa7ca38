// SPDX-License-Identifier: MIT

package metadata_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-rls/sandbox/internal/metadata"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, dir string) *metadata.Store {
	t.Helper()
	s, err := metadata.Open(dir)
	must(t, err)
	return s
}

func ids(t *testing.T, table *metadata.Table, group, after string, limit int) []string {
	t.Helper()
	var all []string
	must(t, table.Scan(group, after, func(r metadata.Row) bool {
		all = append(all, r.ID+"="+string(r.Doc))
		return len(all) < limit
	}))
	return all
}

func row(id, group string, n int) metadata.Row {
	return metadata.Row{ID: id, Group: group, Doc: json.RawMessage(fmt.Sprint(n))}
}

func testTable(t *testing.T, s *metadata.Store) {
	table, err := s.Table("things")
	must(t, err)
	for i, r := range []metadata.Row{row("b", "x", 1), row("a", "x", 2), row("c", "y", 3), row("d", "", 4), row("ab", "xx", 5)} {
		if must(t, table.Put(r)); i == 0 {
			must(t, table.Put(r))
		}
	}
	for _, c := range []struct {
		group, after string
		limit        int
		want         []string
	}{
		{"", "", 9, []string{"a=2", "ab=5", "b=1", "c=3", "d=4"}},
		{"", "ab", 2, []string{"b=1", "c=3"}},
		{"x", "", 9, []string{"a=2", "b=1"}},
		{"x", "a", 9, []string{"b=1"}},
		{"x", "b", 9, nil},
		{"none", "", 9, nil},
	} {
		if diff := cmp.Diff(c.want, ids(t, table, c.group, c.after, c.limit)); diff != "" {
			t.Errorf("group %q after %q: %s", c.group, c.after, diff)
		}
	}
	must(t, table.Put(row("a", "y", 6))) // moves to another group
	must(t, table.Delete("b"))
	must(t, table.Delete("b"))
	if got := ids(t, table, "x", "", 9); got != nil {
		t.Errorf("left in a group: %q", got)
	}
	if diff := cmp.Diff([]string{"a=6", "c=3"}, ids(t, table, "y", "", 9)); diff != "" {
		t.Error(diff)
	}
	if r, err := table.Get("a"); err != nil || r.ID != "a" || string(r.Doc) != "6" {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := table.Get("b"); !errors.Is(err, metadata.ErrNotFound) || !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestTable(t *testing.T) {
	t.Run("on disk", func(t *testing.T) {
		dir := t.TempDir()
		s := open(t, dir)
		if !s.Durable() {
			t.Error("not durable")
		}
		testTable(t, s)
		must(t, s.Close())
		again := open(t, dir)
		table, err := again.Table("things")
		must(t, err)
		if got := ids(t, table, "", "", 9); len(got) != 4 {
			t.Errorf("after opening it again: %q", got)
		}
		must(t, again.Close())
	})
	t.Run("in memory", func(t *testing.T) {
		s, err := metadata.OpenMemory()
		must(t, err)
		if s.Durable() {
			t.Error("durable")
		}
		testTable(t, s)
		must(t, s.Close())
	})
}

func TestJournal(t *testing.T) {
	s := open(t, t.TempDir())
	j, err := s.Journal("commits")
	must(t, err)
	must(t, j.Put("a", []byte("1")))
	must(t, j.Put("b", []byte("2")))
	must(t, j.Put("a", []byte("3")))
	must(t, j.Delete("b"))
	must(t, j.Delete("b"))
	all, err := j.All()
	must(t, err)
	if diff := cmp.Diff(map[string][]byte{"a": []byte("3")}, all); diff != "" {
		t.Error(diff)
	}
	must(t, s.Close())
}

func BenchmarkPage(b *testing.B) {
	s := open(b, b.TempDir())
	table, err := s.Table("things")
	must(b, err)
	s.DB().NoSync = true
	for i := range 10_000 {
		must(b, table.Put(row(fmt.Sprintf("sb_%06d", i), fmt.Sprint(i%10), i)))
	}
	for b.Loop() {
		n := 0
		must(b, table.Scan("7", "sb_005000", func(metadata.Row) bool { n++; return n < 100 }))
	}
	must(b, s.Close())
}
