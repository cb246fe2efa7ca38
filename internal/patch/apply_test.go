// SPDX-License-Identifier: MIT

package patch_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-rls/sandbox/internal/patch"
)

// require skips a test when a tool is missing, and fails it when
// SANDBOX_REQUIRE, a list with commas, names the tool or says "all".
func require(t *testing.T, tool string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err == nil {
		return
	}
	wanted := strings.Split(os.Getenv("SANDBOX_REQUIRE"), ",")
	if slices.Contains(wanted, tool) || slices.Contains(wanted, "all") {
		t.Fatalf("%s is missing", tool)
	}
	t.Skipf("%s is missing", tool)
}

// tree is a directory: content by path. A content that begins with "-> " is a
// symlink, one that begins with "#!" an executable file.
type tree map[string]string

func file(content string) *patch.File {
	if to, ok := strings.CutPrefix(content, "-> "); ok {
		return &patch.File{Mode: fs.ModeSymlink | 0o777, Text: to}
	}
	mode := fs.FileMode(0o644)
	if strings.HasPrefix(content, "#!") {
		mode = 0o755
	}
	return &patch.File{Mode: mode, Text: content}
}

func (tr tree) write(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range tr {
		f := file(content)
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		err := os.WriteFile(path, []byte(f.Text), f.Mode.Perm())
		if f.Mode&fs.ModeSymlink != 0 {
			_ = os.Remove(path)
			err = os.Symlink(f.Text, path)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func read(t *testing.T, dir string) tree {
	t.Helper()
	tr := tree{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		if d.Type() == fs.ModeSymlink {
			to, err := os.Readlink(path)
			tr[name] = "-> " + to
			return err
		}
		data, err := os.ReadFile(path)
		if fi, _ := d.Info(); err == nil && (fi.Mode()&0o100 != 0) != strings.HasPrefix(string(data), "#!") {
			return fmt.Errorf("%s has the mode %v", name, fi.Mode())
		}
		tr[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// diff writes the patch that makes a tree into another.
func diff(t *testing.T, from, to tree, context int) string {
	t.Helper()
	names := slices.Sorted(maps.Keys(from))
	for name := range to {
		if _, ok := from[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var b strings.Builder
	for _, name := range names {
		c := patch.Change{Path: "/" + name}
		was, before := from[name]
		is, after := to[name]
		if before {
			c.Old = file(was)
		}
		if after {
			c.New = file(is)
		}
		if was == is && before == after {
			continue
		}
		if err := patch.Write(&b, c, context); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// appliers are the programs that take patches.
var appliers = map[string][]string{
	"git":   {"git", "apply", "-p1", "--unidiff-zero", "--whitespace=nowarn"},
	"patch": {"patch", "-p1", "--batch", "--silent", "--no-backup-if-mismatch"},
}

func apply(t *testing.T, tool, dir, text string) error {
	t.Helper()
	argv := appliers[tool]
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir))
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w: %s", argv, err, bytes.TrimSpace(out))
	}
	return nil
}

// numbered is a text of n lines.
func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "line %d\n", i)
	}
	return b.String()
}

var trees = map[string]struct{ from, to tree }{
	"change":              {tree{"f": "a\nb\nc\n"}, tree{"f": "a\nB\nc\n"}},
	"new file":            {tree{"f": "a\n"}, tree{"f": "a\n", "d/e/n": "one\ntwo\n"}},
	"new empty file":      {tree{"f": "a\n"}, tree{"f": "a\n", "n": ""}},
	"file gone":           {tree{"f": "a\n", "d/g": "a\nb\n"}, tree{"f": "a\n"}},
	"empty file gone":     {tree{"f": "a\n", "g": ""}, tree{"f": "a\n"}},
	"emptied":             {tree{"f": "a\nb\n"}, tree{"f": ""}},
	"filled":              {tree{"f": ""}, tree{"f": "a\nb\n"}},
	"no newline at end":   {tree{"f": "a\nb"}, tree{"f": "a\nc"}},
	"newline gone":        {tree{"f": "a\nb\n"}, tree{"f": "a\nb"}},
	"newline added":       {tree{"f": "a\nb"}, tree{"f": "a\nb\n"}},
	"appended":            {tree{"f": "a\nb"}, tree{"f": "a\nb\nc"}},
	"made executable":     {tree{"f": "!x\n", "g": "a\n"}, tree{"f": "#!x\n", "g": "a\n"}},
	"executable":          {tree{"f": "a\n"}, tree{"f": "a\n", "n": "#!/bin/sh\n"}},
	"symlink":             {tree{"f": "a\n"}, tree{"f": "a\n", "l": "-> f"}},
	"symlink changed":     {tree{"l": "-> f"}, tree{"l": "-> elsewhere/g"}},
	"symlink gone":        {tree{"f": "a\n", "l": "-> f"}, tree{"f": "a\n"}},
	"symlink turned file": {tree{"l": "-> f"}, tree{"l": "content\n"}},
	"file turned symlink": {tree{"l": "content\n"}, tree{"l": "-> f"}},
	"carriage returns":    {tree{"f": "a\r\nb\r\n"}, tree{"f": "a\r\nc\r\n"}},
	"not UTF-8":           {tree{"f": "a\xff\nb\xfe\n"}, tree{"f": "a\xff\nb\xfd\n"}},
	"looks like a header": {tree{"f": "a\n-- x\n++ y\n@@ -1 +1 @@\nb\n"}, tree{"f": "a\n-- z\n++ y\n@@ -1 +1 @@\ndiff --git a/f b/f\nb\n"}},
	"both ends":           {tree{"f": numbered(50)}, tree{"f": "first\n" + numbered(50) + "last\n"}},
	"two hunks":           {tree{"f": numbered(100)}, tree{"f": strings.Replace(strings.Replace(numbered(100), "line 20\n", "", 1), "line 80\n", "line 80\nmore\n", 1)}},
	"adjoining hunks":     {tree{"f": numbered(30)}, tree{"f": strings.Replace(strings.Replace(numbered(30), "line 10\n", "x\n", 1), "line 17\n", "y\n", 1)}},
	"touching hunks":      {tree{"f": numbered(30)}, tree{"f": strings.Replace(strings.Replace(numbered(30), "line 10\n", "x\n", 1), "line 18\n", "y\n", 1)}},
	"spaces":              {tree{"a b/c d": "a\n", "e f": "x\n", "g b/g": "x\n"}, tree{"a b/c d": "b\n", "e f": "", "g b/g": "y\n"}},
	"quotes":              {tree{`a"b\c`: "a\n"}, tree{`a"b\c`: "b\n", "tab\there": "x\n"}},
	"newline in name":     {tree{"a\nb": "a\n"}, tree{"a\nb": "b\n", "\x01": "x\n", "\x7f": ""}},
	"names not UTF-8":     {tree{"\xff\xfe": "a\n"}, tree{"\xff\xfe": "b\n", "ünï": "x\n", "right\u202eto left": "x\n"}},
	"spaces at the end":   {tree{"t": "a\n", "t ": "a\n", "d /t  ": "a\n", "t\t": "a\n", "gone ": "a\n", "x ": "!x\n"}, tree{"t": "a\n", "t ": "b\n", "d /t  ": "b\n", "t\t": "b\n", "new ": "a\n", "none ": "", "x ": "#!x\n"}},
	"spaces and a time":   {tree{"t": "a\n", "t 2024-01-02 03:04:05 +0000": "a\n"}, tree{"t": "a\n", "t 2024-01-02 03:04:05 +0000": "b\n"}},
	"empty file, spaces":  {tree{"f": "a\n"}, tree{"f": "a\n", "a b b/a b": ""}},
}

func TestApply(t *testing.T) {
	for tool := range appliers {
		require(t, tool)
		for name, c := range trees {
			for _, context := range []int{0, 3} {
				t.Run(fmt.Sprintf("%s/%s/%d", tool, name, context), func(t *testing.T) {
					dir := c.from.write(t)
					text := diff(t, c.from, c.to, context)
					if err := apply(t, tool, dir, text); err != nil {
						t.Fatalf("%v\n%s", err, text)
					}
					if d := cmp.Diff(c.to, read(t, dir)); d != "" {
						t.Errorf("-want +got:\n%s\n%s", d, text)
					}
				})
			}
		}
	}
}

// TestSameAsGit compares with what git writes.
func TestSameAsGit(t *testing.T) {
	require(t, "git")
	for name, c := range trees {
		t.Run(name, func(t *testing.T) {
			dir := c.from.write(t)
			git(t, dir, "init", "-q")
			git(t, dir, "add", "-A")
			git(t, dir, "-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "x", "--allow-empty")
			next := c.to.write(t)
			if err := os.Rename(filepath.Join(dir, ".git"), filepath.Join(next, ".git")); err != nil {
				t.Fatal(err)
			}
			git(t, next, "add", "-A")
			got := diff(t, c.from, c.to, 3)
			var want strings.Builder
			for line := range strings.Lines(git(t, next, "diff", "--cached", "--no-renames", "--no-color", "--abbrev=10")) {
				if strings.HasPrefix(line, "@@ ") { // git adds the line of the function
					line = line[:strings.Index(line[3:], " @@")+6] + "\n"
				}
				want.WriteString(line)
			}
			switch {
			case strings.Contains(name, "UTF-8"): // we quote what changes the direction of writing, git does not
			case strings.Contains(name, "spaces"): // we quote such a name where nothing else makes it clear
			case cmp.Diff(want.String(), got) != "":
				t.Errorf("-git +patch:\n%s", cmp.Diff(want.String(), got))
			}
			// It is also enough for a three-way merge.
			if err := exec.Command("git", "-C", next, "-c", "advice.detachedHead=false", "reset", "-q", "--hard").Run(); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("git", "apply", "--3way", "--whitespace=nowarn")
			cmd.Dir, cmd.Stdin = next, strings.NewReader(got)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "core.fsync=none", "-c", "core.quotePath=false", "-c", "core.autocrlf=false"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %v: %v", args, err)
	}
	return string(out)
}
