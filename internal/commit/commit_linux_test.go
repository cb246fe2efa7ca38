// SPDX-License-Identifier: MIT

package commit_test

import (
	"os"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox/internal/commit"
)

var long = strings.Repeat("n", 255)

func TestCommit(t *testing.T) {
	for name, c := range map[string]struct{ before, after files }{
		"nothing":             {files{"a": "1"}, files{"a": "1"}},
		"add":                 {files{}, files{"a": "1", "d/e/f": "2", "empty": "", "dir": "/"}},
		"modify":              {files{"a": "1", "d/b": "2"}, files{"a": "one", "d/b": "3"}},
		"delete":              {files{"a": "1", "d/e/f": "2", "d/g": "3", "h/i": "4"}, files{"h": "/"}},
		"permissions":         {files{"a": "1", "d": "0755 /", "d/x": "1"}, files{"a": "0755 1", "d": "0700 /", "d/x": "1"}},
		"closed directories":  {files{"d": "0755 /", "d/x": "1"}, files{"d/x": "2", "e/y": "1", "e": "0500 /", "d": "0500 /"}},
		"opened directory":    {files{"d/x": "1", "d": "0555 /"}, files{"d/x": "2", "d": "0755 /", "d/y": "3"}},
		"links":               {files{"l": "->x", "m": "->y", "n": "->z"}, files{"l": "->../../etc/passwd", "m": "->y", "o": "->/"}},
		"file to directory":   {files{"a": "1"}, files{"a/b/c": "2"}},
		"directory to file":   {files{"a/b/c": "1", "a/d": "2"}, files{"a": "file"}},
		"directory to link":   {files{"a/b": "1"}, files{"a": "->b"}},
		"link to directory":   {files{"a": "->b", "b/x": "1"}, files{"a/y": "1", "b/x": "1"}},
		"file to link":        {files{"a": "1"}, files{"a": "->a"}},
		"link to file":        {files{"a": "->a"}, files{"a": "1"}},
		"root":                {files{}, files{"": "0700 /", "x": "1"}},
		"names":               {files{"n\nl": "1", "\xff\xfe": "2", long: "3"}, files{"n\nl": "2", "\xff\xfe": "1", long: "4", "d/" + long: "5", "\xfe/\xff\n": "6"}},
		"whiteout names":      {files{".wh.a": "1", "a": "2"}, files{".wh.a": "3", ".wh..wh..opq": "4"}},
		"deep":                {files{}, files{strings.Repeat("directory/", 300) + "f": "1"}},
		"all in one":          {files{"a": "1", "b": "2", "d/x": "1"}, files{"a": "2", "c": "1", "d/y": "1", "d": "0700 /", "e/f": "->g"}},
		"larger than buffers": {files{"a": strings.Repeat("x", 300<<10)}, files{"a": strings.Repeat("y", 500<<10), "b": strings.Repeat("z", 1<<20+1)}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, diskDir(t), c.before, c.after)
			changes := len(w.changes(t))
			dry, err := w.commit(t, commit.Options{DryRun: true})
			must(t, err)
			w.same(t, w.lower)
			report, err := w.commit(t, commit.Options{})
			must(t, err)
			w.same(t, w.after)
			w.clean(t)
			if len(report.Applied) != changes || len(dry.Applied) != changes {
				t.Errorf("%d applied, %d said before, of %d changes: %+v", len(report.Applied), len(dry.Applied), changes, report)
			}
			if report, err = w.commit(t, commit.Options{}); err != nil || len(report.Unchanged) != changes {
				t.Errorf("again: %+v, %v", report, err)
			}
		})
	}
}

// TestConflicts has the host change what the sandbox changed, too.
func TestConflicts(t *testing.T) {
	rm := os.RemoveAll
	for name, c := range map[string]struct {
		before, after files
		host          func(dir string) error
		conflicts     files
		// stays are the paths that even Overwrite leaves as the host has them.
		stays []string
	}{
		"edit and edit": {
			files{"a": "1", "b": "1"},
			files{"a": "2", "b": "2"},
			func(dir string) error { return os.WriteFile(dir+"/a", []byte("3"), 0o644) },
			files{"/a": "was changed"},
			nil,
		},
		"edit and delete": {
			files{"a": "1", "b": "1"},
			files{"a": "2", "b": "2"},
			func(dir string) error { return rm(dir + "/a") },
			files{"/a": "is gone"},
			nil,
		},
		"delete and edit": {
			files{"a": "1", "b": "1"},
			files{"b": "2"},
			func(dir string) error { return os.WriteFile(dir+"/a", []byte("3"), 0o644) },
			files{"/a": "was changed"},
			nil,
		},
		"add and add": {
			files{},
			files{"a": "2", "b": "2"},
			func(dir string) error { return os.WriteFile(dir+"/a", []byte("3"), 0o644) },
			files{"/a": "is there already"},
			nil,
		},
		"edit and chmod": {
			files{"a": "1", "b": "1"},
			files{"a": "2", "b": "2"},
			func(dir string) error { return os.Chmod(dir+"/a", 0o600) },
			files{"/a": "has other permissions now"},
			nil,
		},
		"edit and link": {
			files{"a": "1", "b": "1"},
			files{"a": "2", "b": "2"},
			func(dir string) error { must(t, rm(dir+"/a")); return os.Symlink("b", dir+"/a") },
			files{"/a": "is of another type now"},
			nil,
		},
		"link and link": {
			files{"a": "->1"},
			files{"a": "->2"},
			func(dir string) error { must(t, rm(dir+"/a")); return os.Symlink("3", dir+"/a") },
			files{"/a": "was changed"},
			nil,
		},
		"delete directory with more in it": {
			files{"d/x": "1", "b": "1"},
			files{"b": "2"},
			func(dir string) error { return os.WriteFile(dir+"/d/mine", nil, 0o644) },
			files{"/d": "holds files that the sandbox did not delete"},
			[]string{"/d", "/d/mine"},
		},
		"directory to file with more in it": {
			files{"d/x": "1", "b": "1"},
			files{"d": "file", "b": "2"},
			func(dir string) error { return os.Mkdir(dir+"/d/mine", 0o755) },
			files{"/d": "holds files that the sandbox did not delete"},
			[]string{"/d", "/d/mine"},
		},
		"parent gone": {
			files{"d/x": "1", "b": "1"},
			files{"d/x": "2", "b": "2"},
			func(dir string) error { return rm(dir + "/d") },
			files{"/d/x": "its directory is not there"},
			[]string{"/d/x"},
		},
		"parent a file": {
			files{"d/e/x": "1", "b": "1"},
			files{"d/e/x": "2", "b": "2"},
			func(dir string) error { must(t, rm(dir+"/d")); return os.WriteFile(dir+"/d", nil, 0o644) },
			files{"/d/e/x": "a directory on its path is a file now"},
			[]string{"/d"},
		},
		"parent a link": {
			files{"d/e/x": "1", "d/e/y": "1", "b": "1"},
			files{"d/e/x": "2", "d/e/z": "1", "b": "2"},
			func(dir string) error { must(t, os.Rename(dir+"/d", dir+"/D")); return os.Symlink("D", dir+"/d") },
			files{
				"/d/e/x": "a directory on its path is a symbolic link now", "/d/e/y": "a directory on its path is a symbolic link now",
				"/d/e/z": "a directory on its path is a symbolic link now",
			},
			[]string{"/d", "/D/e/x", "/D/e/y", "/D/e/z"},
		},
		"new directory a link": {
			files{"b": "1"},
			files{"d/x": "1", "b": "2"},
			func(dir string) error { must(t, os.Mkdir(dir+"/D", 0o755)); return os.Symlink("D", dir+"/d") },
			files{"/d": "is there already", "/d/x": "a directory on its path is a symbolic link now"},
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, diskDir(t), c.before, c.after)
			must(t, c.host(w.target))
			host := scan(t, w.target)

			report, err := w.commit(t, commit.Options{})
			must(t, err)
			expect(t, "conflicts", report.Conflicts, c.conflicts)
			expect(t, "applied", report.Applied, nil)
			if got := scan(t, w.target); !equal(host, got) {
				t.Errorf("something was changed: %q", got)
			}

			part := *w
			part.target += ".part"
			copyTree(t, w.target, part.target)
			report, err = part.commit(t, commit.Options{Partial: true})
			must(t, err)
			expect(t, "conflicts of a part", report.Conflicts, c.conflicts)
			got := scan(t, part.target)
			for path := range c.conflicts {
				if got[path] != host[path] {
					t.Errorf("%s became %q, was %q", path, got[path], host[path])
				}
			}
			part.clean(t)

			report, err = w.commit(t, commit.Options{Overwrite: true, Partial: true})
			must(t, err)
			got, after := scan(t, w.target), scan(t, w.after)
			for path := range c.conflicts {
				want := after[path]
				for _, stays := range c.stays {
					if stays == path {
						want = host[path]
					}
				}
				if _, still := paths(report.Conflicts)[path]; !still && got[path] != want {
					t.Errorf("%s was not overwritten: %q, not %q", path, got[path], want)
				}
			}
			for _, path := range c.stays {
				if got[path] != host[path] {
					t.Errorf("%s became %q, was %q", path, got[path], host[path])
				}
			}
			w.clean(t)
		})
	}
}

func equal(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return true
}
