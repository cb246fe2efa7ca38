// SPDX-License-Identifier: MIT

package fsguardtest

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// probePath is where the probe is in a tree.
const probePath = "/.probe"

// probeRule lets it be executed, whatever the other rules are.
var probeRule = fsguard.Rule{Pattern: probePath, Type: fsguard.File, Permission: fsguard.Read, Priority: 1 << 20}

// source is a tree on the host.
type source struct {
	t   *testing.T
	dir string
}

// newSource makes a tree that holds nothing but the probe.
func newSource(t *testing.T, program func() ([]byte, error)) source {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tree")
	s := source{t, dir}
	s.check(os.Mkdir(dir, 0o755))
	t.Cleanup(func() { _ = tree.Remove(dir) }) // whatever modes a bind mount left
	s.check(os.Chmod(filepath.Dir(dir), 0o755))
	data, err := program()
	s.check(err)
	s.check(os.WriteFile(dir+probePath, data, 0o755))
	return s
}

// itself is the running test binary.
var itself = sync.OnceValues(func() ([]byte, error) { return os.ReadFile("/proc/self/exe") })

func (s source) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// file makes a file, and the directories above it.
func (s source) file(path, content string, mode fs.FileMode) {
	s.t.Helper()
	s.mkdir(filepath.Dir(path))
	s.check(os.WriteFile(s.dir+path, []byte(content), mode))
	s.check(os.Chmod(s.dir+path, mode))
}

func (s source) mkdir(path string) {
	s.t.Helper()
	s.check(os.MkdirAll(s.dir+path, 0o755))
}

func (s source) symlink(target, path string) {
	s.t.Helper()
	s.mkdir(filepath.Dir(path))
	s.check(os.Symlink(target, s.dir+path))
}

// everything names all that a fixture has.
const everything = "/empty /dir /file /other /exe /link /dangling /dirlink"

// fixture makes what the tables work on, in a directory of its own: as much of
// it as the paths in need name, or may lead to.
func (s source) fixture(dir, need string) {
	s.t.Helper()
	s.mkdir(dir)
	if strings.Contains(need, "@/.") || strings.Contains(need, "@ ") {
		need = everything
	}
	wants := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return strings.Contains(need, n) })
	}
	for _, e := range []struct {
		need bool
		make func()
	}{
		{wants("/empty"), func() { s.mkdir(dir + "/empty") }},
		{wants("/dir"), func() { s.file(dir+"/dir/inner", "inner\n", 0o644) }},
		{wants("/file", "/link"), func() { s.file(dir+"/file", "content\n", 0o644) }},
		{wants("/other"), func() { s.file(dir+"/other", "other\n", 0o600) }},
		{wants("/exe"), func() { s.file(dir+"/exe", "#!/bin/sh\nexit 7\n", 0o755) }},
		{wants("/link"), func() { s.symlink("file", dir+"/link") }},
		{wants("/dangling"), func() { s.symlink("missing", dir+"/dangling") }},
		{wants("/dirlink"), func() { s.symlink("dir", dir+"/dirlink") }},
	} {
		if e.need {
			e.make()
		}
	}
}

// seal remembers the tree and checks, when the test ends, that it is the same:
// nothing that a sandbox does changes its source.
func (s source) seal() {
	s.t.Helper()
	before := s.scan()
	s.t.Cleanup(func() {
		after := s.scan()
		for path, b := range before {
			if a := after[path]; a != b {
				s.t.Errorf("the source was changed: %s was %q, is %q", path, b, a)
			}
		}
		for path := range after {
			if _, ok := before[path]; !ok {
				s.t.Errorf("the source was changed: %s is new", path)
			}
		}
	})
}

func (s source) scan() map[string]string {
	all := map[string]string{}
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		rel := strings.TrimPrefix(path, s.dir)
		all[rel] = fmt.Sprint(fi.Mode(), fi.ModTime())
		switch {
		case rel == probePath:
		case fi.Mode().IsRegular():
			data, err := os.ReadFile(path)
			all[rel] += string(data)
			return err
		case fi.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			all[rel] += target
			return err
		}
		return nil
	})
	s.check(err)
	return all
}
