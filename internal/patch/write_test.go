// SPDX-License-Identifier: MIT

package patch_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sandbox-rls/sandbox/internal/patch"
)

func write(t *testing.T, c patch.Change) string {
	t.Helper()
	var b strings.Builder
	if err := patch.Write(&b, c, 3); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func regular(mode fs.FileMode, text string) *patch.File { return &patch.File{Mode: mode, Text: text} }

// TestNotes is about what a patch cannot say.
func TestNotes(t *testing.T) {
	dir := &patch.File{Mode: fs.ModeDir | 0o755}
	for _, c := range []struct {
		name string
		c    patch.Change
		want string
	}{
		{"directory", patch.Change{Path: "/d", New: dir}, "# d: a directory was made\n"},
		{"directory gone", patch.Change{Path: "/d", Old: dir}, "# d: a directory was removed\n"},
		{"directory's mode", patch.Change{Path: "/d", Old: dir, New: &patch.File{Mode: fs.ModeDir | 0o700}}, "# d: permissions 0755 became 0700\n"},
		{"sticky directory", patch.Change{Path: "/d", New: &patch.File{Mode: fs.ModeDir | fs.ModeSticky | 0o777}}, "# d: a directory was made\n# d: permissions are 1777\n"},
		{"FIFO", patch.Change{Path: "/p", New: &patch.File{Mode: fs.ModeNamedPipe | 0o644}}, "# p: a FIFO was made\n"},
		{"socket", patch.Change{Path: "/s", Old: &patch.File{Mode: fs.ModeSocket | 0o644}}, "# s: a socket was removed\n"},
		{"device", patch.Change{Path: "/s", New: &patch.File{Mode: fs.ModeDevice | 0o644}}, "# s: a special file was made\n"},
		{"readable no more", patch.Change{Path: "/f", Old: regular(0o644, "a\n"), New: regular(0o600, "a\n")}, "# f: permissions 0644 became 0600\n"},
		{"executable", patch.Change{Path: "/f", Old: regular(0o644, "a\n"), New: regular(0o755, "a\n")}, "diff --git a/f b/f\nold mode 100644\nnew mode 100755\n"},
		{"setuid", patch.Change{Path: "/f", Old: regular(0o755, "a\n"), New: regular(fs.ModeSetuid|0o755, "a\n")}, "# f: permissions 0755 became 4755\n"},
		{"executable and setuid", patch.Change{Path: "/f", Old: regular(0o644, ""), New: regular(fs.ModeSetuid|0o755, "")}, "# f: permissions 0644 became 4755\ndiff --git a/f b/f\nold mode 100644\nnew mode 100755\n"},
		{"name", patch.Change{Path: "/a\n# b: x", New: dir}, `# "a\n# b: x": a directory was made` + "\n"},
		{"file turned directory", patch.Change{Path: "/f", Old: regular(0o644, ""), New: dir}, "# f: a directory was made\ndiff --git a/f b/f\ndeleted file mode 100644\nindex e69de29bb2..0000000000\n"},
		{"directory turned file", patch.Change{Path: "/f", Old: dir, New: regular(0o644, "")}, "# f: a directory was removed\ndiff --git a/f b/f\nnew file mode 100644\nindex 0000000000..e69de29bb2\n"},
		{"nothing", patch.Change{Path: "/f", Old: regular(0o644, "a\n"), New: regular(0o644, "a\n")}, ""},
		{"binary", patch.Change{Path: "/f", Old: regular(0o644, "a\x00"), New: regular(0o644, "b\n")}, "diff --git a/f b/f\nindex 90802fedc2..6178079822 100644\nBinary files a/f and b/f differ\n"},
		{"new binary", patch.Change{Path: "/f x", New: regular(0o755, "a\x00")}, "diff --git a/f x b/f x\nnew file mode 100755\nindex 0000000000..90802fedc2\nBinary files /dev/null and b/f x differ\n"},
		{"binary made executable", patch.Change{Path: "/f", Old: regular(0o644, "a\x00"), New: regular(0o755, "a\x00")}, "diff --git a/f b/f\nold mode 100644\nnew mode 100755\n"},
		{
			"space at the end",
			patch.Change{Path: "/f ", Old: regular(0o644, "a\n"), New: regular(0o644, "b\n")},
			"diff --git \"a/f \" \"b/f \"\nindex 7898192261..6178079822 100644\n--- \"a/f \"\n+++ \"b/f \"\n@@ -1 +1 @@\n-a\n+b\n",
		},
		{
			"withheld",
			patch.Change{Path: "/f", Old: regular(0o644, "a\n"), New: &patch.File{Mode: 0o644, Withheld: "it is too large"}},
			"# f: it is too large\ndiff --git a/f b/f\nold mode 100644\nnew mode 100644\nBinary files a/f and b/f differ\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, write(t, c.c)); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

// TestNotesAreTaken puts notes between changes, where programs pass them over.
func TestNotesAreTaken(t *testing.T) {
	text := write(t, patch.Change{Path: "/d", New: &patch.File{Mode: fs.ModeDir | 0o755}}) +
		write(t, patch.Change{Path: "/f", Old: regular(0o644, "a\n"), New: regular(0o600, "b\n")}) +
		write(t, patch.Change{Path: "/s", New: &patch.File{Mode: fs.ModeSocket}}) +
		write(t, patch.Change{Path: "/g", New: regular(0o644, "x\n")}) +
		write(t, patch.Change{Path: "/t", New: &patch.File{Mode: fs.ModeSocket}})
	for tool := range appliers {
		require(t, tool)
		dir := tree{"f": "a\n"}.write(t)
		if err := apply(t, tool, dir, text); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
		if d := cmp.Diff(tree{"f": "b\n", "g": "x\n"}, read(t, dir)); d != "" {
			t.Errorf("%s: -want +got:\n%s", tool, d)
		}
	}
}

// TestBinaryIsNotTaken sees that git refuses what is not whole, and changes
// nothing.
func TestBinaryIsNotTaken(t *testing.T) {
	require(t, "git")
	for _, c := range []patch.Change{
		{Path: "/n", New: regular(0o644, "\x00")},
		{Path: "/f", Old: regular(0o644, "a\n"), New: regular(0o644, "\x00")},
		{Path: "/f", Old: regular(0o644, "a\n"), New: &patch.File{Mode: 0o644, Withheld: "it is too large"}},
		{Path: "/f", Old: regular(0o644, "a\n"), New: &patch.File{Mode: 0o755, Withheld: "it is too large"}},
		{Path: "/n", New: &patch.File{Mode: 0o644, Withheld: "it is too large"}},
	} {
		dir := tree{"f": "a\n"}.write(t)
		text := write(t, patch.Change{Path: "/g", New: regular(0o644, "x\n")}) + write(t, c)
		if err := apply(t, "git", dir, text); err == nil {
			t.Errorf("it was taken:\n%s", text)
		}
		if d := cmp.Diff(tree{"f": "a\n"}, read(t, dir)); d != "" {
			t.Errorf("-want +got:\n%s", d)
		}
	}
}

func TestQuote(t *testing.T) {
	for name, want := range map[string]string{
		"a/b c": "a/b c", "ünï→": "ünï→", "": "",
		"a\tb": `"a\tb"`, `q"`: `"q\""`, `b\`: `"b\\"`, "\x1b[31m": `"\033[31m"`, "\xff": `"\377"`,
		"a ": `"a "`, " a": " a", " ": `" "`,
		"\u202e": `"\342\200\256"`, "\u0085": `"\302\205"`, "\ufffd": "\ufffd",
	} {
		if got := patch.Quote(name); got != want {
			t.Errorf("%q: got %s, want %s", name, got, want)
		}
	}
}

// TestRandom applies random changes of random texts by git and by patch.
func TestRandom(t *testing.T) {
	require(t, "git")
	require(t, "patch")
	lines := rapid.SampledFrom([]string{"", "a", "b", "c", " a", "-a", "+", "\\", "@@ -1 +1 @@", "--- a/f", "diff --git a/f b/f", "# f: x", "\r", "\xff"})
	texts := rapid.Custom(func(t *rapid.T) string {
		text := strings.Join(rapid.SliceOfN(lines, 0, 12).Draw(t, "lines"), "\n")
		if rapid.Bool().Draw(t, "newline") {
			text += "\n"
		}
		return text
	})
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		before, after := texts.Draw(rt, "before"), texts.Draw(rt, "after")
		context := rapid.IntRange(1, 3).Draw(rt, "context")
		if _, ok := patch.Edits(before, after); !ok {
			rt.Fatal("the edits do not make one of the other")
		}
		var b strings.Builder
		err := patch.Write(&b, patch.Change{Path: "/f", Old: regular(0o644, before), New: regular(0o644, after)}, context)
		if err != nil {
			rt.Fatal(err)
		}
		for tool := range appliers {
			name := filepath.Join(dir, "f")
			if err := os.WriteFile(name, []byte(before), 0o644); err != nil {
				rt.Fatal(err)
			}
			if before == after {
				continue
			}
			if err := apply(t, tool, dir, b.String()); err != nil {
				rt.Fatalf("%v\n%s", err, b.String())
			}
			if got, err := os.ReadFile(name); string(got) != after && !(after == "" && errors.Is(err, fs.ErrNotExist)) {
				rt.Fatalf("%s made %q, %v of %q, not %q\n%s", tool, got, err, before, after, b.String())
			}
		}
	})
}

// TestLarge compares texts that are made to be hard to compare.
func TestLarge(t *testing.T) {
	const n = 60_000
	same := strings.Repeat("\n", n)
	r := rand.New(rand.NewPCG(1, 2))
	few := func() string {
		var b strings.Builder
		for range n {
			b.WriteString([]string{"a\n", "b\n", "c\n"}[r.IntN(3)])
		}
		return b.String()
	}
	every := func(k int) (string, string) {
		var a, b strings.Builder
		for i := range n {
			fmt.Fprintf(&a, "line %d\n", i)
			if i%k == 0 {
				fmt.Fprintf(&b, "other %d\n", i)
			} else {
				fmt.Fprintf(&b, "line %d\n", i)
			}
		}
		return a.String(), b.String()
	}
	other, tenth := every(10)
	third, last := every(3)
	for name, c := range map[string]struct {
		before, after string
		most          int // lines that may be replaced
	}{
		"all the same":   {same, same + same, n},
		"nothing shared": {same, strings.Repeat("x\n", n), 2 * n},
		"few lines":      {few(), few(), 2 * n},
		"every tenth":    {other, tenth, 2 * n / 10},
		"every third":    {third, last, 2*n/3 + 100},
		"one line":       {strings.Repeat("x", 8<<20), strings.Repeat("x", 8<<20-1) + "y", 2},
		"reversed ends":  {"a\n" + same + "b\n", "b\n" + same + "a\n", 4},
		"half of it":     {same + strings.Repeat("x\n", n), strings.Repeat("x\n", n) + same, 4 * n}, // 2*n would do
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			replaced, ok := patch.Edits(c.before, c.after)
			if !ok {
				t.Fatal("the edits do not make one of the other")
			}
			if replaced > c.most {
				t.Errorf("%d lines are replaced, %d would do", replaced, c.most)
			}
		})
	}
}
