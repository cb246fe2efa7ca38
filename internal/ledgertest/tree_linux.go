// SPDX-License-Identifier: MIT

package ledgertest

import (
	"crypto/rand"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox/fsguard"
)

// ws is where a sandbox sees its tree.
const ws = "/workspace"

// program is where the attacker is in a tree.
const program = "/.attack"

// rules give each directory the level that it is called by. In /mix the levels of
// files differ, and those of names that do not exist.
var rules = []fsguard.Rule{
	{Pattern: program, Type: fsguard.File, Permission: fsguard.Read},
	{Pattern: "/view", Type: fsguard.Directory, Permission: fsguard.View},
	{Pattern: "/read", Type: fsguard.Directory, Permission: fsguard.Read},
	{Pattern: "/write", Type: fsguard.Directory, Permission: fsguard.Write},
	{Pattern: "/mix", Type: fsguard.Directory, Permission: fsguard.Write},
	{Pattern: "/mix/none*", Permission: fsguard.None, Priority: 1},
	{Pattern: "/mix/none.d", Type: fsguard.Directory, Permission: fsguard.None, Priority: 1},
	{Pattern: "/mix/view*", Permission: fsguard.View, Priority: 1},
	{Pattern: "/mix/read*", Permission: fsguard.Read, Priority: 1},
}

// mayChange reports whether the rules let a path be written.
func mayChange(path string) bool {
	if strings.HasPrefix(path, "/write/") {
		return true
	}
	name, ok := strings.CutPrefix(path, "/mix/")
	return ok && !strings.HasPrefix(name, "none") && !strings.HasPrefix(name, "view") && !strings.HasPrefix(name, "read")
}

// source is a tree on the host, with a word in all that must not be read.
type source struct {
	dir, secret string
	before      map[string]string
}

func newSource(t *testing.T, attacker []byte) *source {
	t.Helper()
	s := &source{dir: filepath.Join(t.TempDir(), "tree"), secret: "secret-" + rand.Text()}
	files := map[string]string{
		program:      string(attacker),
		"/none/file": s.secret, "/mix/none": s.secret, "/mix/none.d/file": s.secret, "/mix/none.exe": "#!/bin/sh\necho " + s.secret + "\n",
		"/view/file": s.secret, "/mix/view": s.secret, "/mix/view.exe": "#!/bin/sh\necho " + s.secret + "\n",
		"/read/file": "read", "/mix/read": "read", "/read/a/b/c/file": "read", "/read/exe": "#!/bin/sh\nexit 7\n",
		"/write/file": "write", "/mix/write": "write", "/mix/wead": "read", "/mix/wone": "w", "/mix/wiew": "w", "/write/d/file": "write",
	}
	for path, content := range files {
		name := s.dir + path
		check(t, os.MkdirAll(filepath.Dir(name), 0o755))
		mode := fs.FileMode(0o644)
		if path == program || strings.HasSuffix(path, "exe") {
			mode = 0o755
		}
		check(t, os.WriteFile(name, []byte(content), mode))
	}
	check(t, os.Chmod(filepath.Dir(s.dir), 0o755))
	s.before = scan(t, s.dir)
	return s
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// unchanged fails the test if anything of the tree is another than it was.
func (s *source) unchanged(t *testing.T) {
	t.Helper()
	after := scan(t, s.dir)
	for path, was := range s.before {
		if after[path] != was {
			t.Errorf("the source was changed: %s was %.60q, is %.60q", path, was, after[path])
		}
	}
	for path := range after {
		if _, ok := s.before[path]; !ok {
			t.Errorf("the source was changed: %s is new", path)
		}
	}
}

func scan(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	check(t, filepath.WalkDir(dir, func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Lstat(name)
		if err != nil {
			return err
		}
		path := strings.TrimPrefix(name, dir)
		all[path] = fmt.Sprint(info.Mode(), info.Size(), info.ModTime())
		if info.Mode().IsRegular() && path != program {
			data, err := os.ReadFile(name)
			all[path] += string(data)
			return err
		}
		return nil
	}))
	return all
}
