// SPDX-License-Identifier: MIT

package tree_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

func write(t testing.TB, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func list(t testing.TB, dir string, opts ...tree.Option) *tree.Tree {
	t.Helper()
	got, err := tree.List(context.Background(), dir, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func paths(t *tree.Tree) []string {
	var all []string
	for _, e := range t.Entries {
		all = append(all, e.Path)
	}
	return all
}

func TestListAgreesWithWalkDir(t *testing.T) {
	dir := t.TempDir()
	long := strings.Repeat("n", 255)
	for _, name := range []string{"a/b/c", "a-b/x", "a/.hidden", "new\nline", "bad\xff\xfe", long, "z/y/x/w", "a.b"} {
		write(t, filepath.Join(dir, name), name)
	}
	if err := os.Mkdir(filepath.Join(dir, "empty"), 0o1755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(strings.Repeat("x", 3000), filepath.Join(dir, "longlink")); err != nil {
		t.Fatal(err)
	}
	var want []string
	err := filepath.WalkDir(dir, func(name string, _ fs.DirEntry, err error) error {
		want = append(want, "/"+strings.TrimPrefix(strings.TrimPrefix(name, dir), "/"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	got := list(t, dir)
	if diff := cmp.Diff(want, paths(got)); diff != "" {
		t.Fatalf("-WalkDir +List:\n%s", diff)
	}
	if !slices.IsSortedFunc(got.Entries, func(a, b tree.Entry) int { return tree.Compare(a.Path, b.Path) }) {
		t.Error("not in tree order")
	}
	for _, e := range got.Entries {
		info, err := os.Lstat(filepath.Join(dir, e.Path))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != e.Mode || info.Size() != e.Size || info.ModTime().UnixNano() != e.ModTime {
			t.Errorf("%q: %v %d %d, want %v", e.Path, e.Mode, e.Size, e.ModTime, info)
		}
		if found := got.Lookup(e.Path); found == nil || found.Path != e.Path {
			t.Errorf("Lookup(%q) = %v", e.Path, found)
		}
	}
	if e := got.Lookup("/longlink"); len(e.Link) != 3000 {
		t.Errorf("a link of %d bytes, want 3000", len(e.Link))
	}
	if got.Lookup("/a/nothing") != nil {
		t.Error("found what is not there")
	}
}

func TestListErrors(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	write(t, file, "")
	for name, want := range map[string]error{
		filepath.Join(dir, "missing"): fs.ErrNotExist,
		file:                          nil,
	} {
		_, err := tree.List(context.Background(), name)
		var pathError *fs.PathError
		if !errors.As(err, &pathError) || pathError.Path != name {
			t.Errorf("%s: %v, want a *fs.PathError", name, err)
		}
		if want != nil && !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := tree.List(ctx, dir); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestListFollowsALinkAtTheRootOnly(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "real/file"), "")
	if err := os.Symlink("real", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if got := paths(list(t, filepath.Join(dir, "link"))); !slices.Equal(got, []string{"/", "/file"}) {
		t.Errorf("through a link: %q", got)
	}
	if got := list(t, dir).Lookup("/link"); got.Link != "real" {
		t.Errorf("link: %+v", got)
	}
}

func TestListPrunes(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, ".git/objects/aa"), "")
	write(t, filepath.Join(dir, "src/main.go"), "")
	got := paths(list(t, dir, tree.Prune(func(path string) bool { return path == "/.git" })))
	if want := []string{"/", "/.git", "/src", "/src/main.go"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestListReportsWhatItCannotRead(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root reads everything")
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "closed/file"), "")
	write(t, filepath.Join(dir, "names/file"), "")
	for name, mode := range map[string]os.FileMode{"closed": 0, "names": 0o400} {
		name := filepath.Join(dir, name)
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
		defer os.Chmod(name, 0o755)
	}
	got := list(t, dir)
	if want := []string{"/", "/closed", "/names", "/names/file"}; !slices.Equal(paths(got), want) {
		t.Errorf("got %q, want %q", paths(got), want)
	}
	if e := got.Lookup("/names/file"); e.Mode != fs.ModeIrregular || !e.Special() {
		t.Errorf("a name that cannot be examined: %v", e.Mode)
	}
	var problems []string
	for _, p := range got.Problems {
		problems = append(problems, p.Path)
		if !errors.Is(p.Err, fs.ErrPermission) {
			t.Errorf("%s: %v", p.Path, p.Err)
		}
	}
	if want := []string{"/closed", "/names/file"}; !slices.Equal(problems, want) {
		t.Errorf("problems %q, want %q", problems, want)
	}
}

func TestCompareOrdersAsAWalk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		path := rapid.Custom(func(t *rapid.T) string {
			parts := rapid.SliceOfN(rapid.StringMatching(`[a\-.\x01]{1,3}`), 0, 4).Draw(t, "parts")
			return "/" + strings.Join(parts, "/")
		})
		a, b := path.Draw(t, "a"), path.Draw(t, "b")
		split := func(p string) []string { return strings.FieldsFunc(p, func(r rune) bool { return r == '/' }) }
		if got, want := tree.Compare(a, b), slices.Compare(split(a), split(b)); got != want {
			t.Fatalf("Compare(%q, %q) = %d, want %d", a, b, got, want)
		}
	})
}

func BenchmarkList(b *testing.B) {
	for _, files := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(files), func(b *testing.B) {
			dir := b.TempDir()
			for i := range files {
				write(b, fmt.Sprintf("%s/d%d/e%d/f%d", dir, i/1000, i/20%50, i%20), "x")
			}
			for b.Loop() {
				list(b, dir)
			}
		})
	}
}
