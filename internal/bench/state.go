// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/sandbox-rls/sandbox"
)

func measureState(l *lab) (Section, error) {
	s := Section{
		Title: "Codebases, changes and commits",
		About: "Importing files of 4 KB against `cp -a`; `Changes` of a sandbox with changed files in trees of two sizes; `Commit` of files of 4 KB, each time from a new sandbox, " +
			"against `cp -r` of the same files over those of the target, and to where nothing is; pages of 100 of what a state directory holds.",
		Columns: []string{"samples", "by cp, or in the small tree", "here", "ratio"},
	}
	for _, measure := range []func(*lab) ([]Row, error){importing, changing, committing, listing} {
		rows, err := measure(l)
		if err != nil {
			return s, err
		}
		s.Rows = append(s.Rows, rows...)
	}
	return s, nil
}

// ratioRow compares medians.
func ratioRow(name string, here, other samples, most float64) Row {
	r := ratio(here, other)
	return Row{
		Name:  name,
		Cells: []string{fmt.Sprint(len(here)), show(other.median()), show(here.median()), times(r)},
		Goal:  atMost(r, most, "×"),
	}
}

// fill makes n files of 4 KB in a directory.
func fill(dir string, n int) error {
	content := make([]byte, 4096)
	for i := range n {
		copy(content, fmt.Sprintf("file %d of %s\n", i, dir))
		name := filepath.Join(dir, fmt.Sprintf("d%d", i/100), fmt.Sprintf("f%d", i))
		if i%100 == 0 {
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				return err
			}
		}
		if err := os.WriteFile(name, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func importing(l *lab) ([]Row, error) {
	dir, err := l.scratch()
	if err != nil {
		return nil, err
	}
	n := l.sizes.untar
	if err := fill(dir, n); err != nil {
		return nil, err
	}
	copied := filepath.Join(l.dir, "copied")
	taken, err := l.turns(l.sizes.few,
		side{"cp", func() (time.Duration, error) {
			took, err := timed(func() error { _, err := l.host.run(l.dir, "cp", "-a", dir, copied); return err })()
			if err == nil {
				err = os.RemoveAll(copied)
			}
			return took, err
		}},
		side{"import", func() (time.Duration, error) {
			var c *sandbox.Codebase
			took, err := timed(func() (err error) { c, err = l.m.ImportCodebase(l.ctx, dir); return err })()
			if err == nil {
				err = l.m.DeleteCodebase(l.ctx, c.ID)
			}
			return took, err
		}})
	if err != nil {
		return nil, err
	}
	return []Row{ratioRow(fmt.Sprintf("importing %d files", n), taken[1], taken[0], 2)}, nil
}

// changing measures what Changes costs: by how much more in a tree ten times as large.
func changing(l *lab) ([]Row, error) {
	trees := l.sizes.trees[len(l.sizes.trees)-2:]
	n := min(1000, trees[0]/2)
	var sides []side
	for _, files := range trees {
		dir, err := l.tree(files)
		if err != nil {
			return nil, err
		}
		sb, err := l.m.FromLocal(l.ctx, dir, sandbox.WithPreset("full-access"))
		if err != nil {
			return nil, err
		}
		defer sb.Close()
		if _, err := output(l.ctx, sb, fmt.Sprintf("find . -type f | sort | head -n %d | while read f; do echo changed > $f; done", n)); err != nil {
			return nil, err
		}
		sides = append(sides, side{strconv.Itoa(files), timed(func() error {
			changes, err := sb.Changes(l.ctx)
			if err == nil && len(changes) != n {
				err = fmt.Errorf("%d changes instead of %d", len(changes), n)
			}
			return err
		})})
	}
	taken, err := l.turns(l.sizes.samples, sides...)
	if err != nil {
		return nil, err
	}
	return []Row{ratioRow(fmt.Sprintf("changes, %d of %d files against %d of %d", n, trees[1], n, trees[0]), taken[1], taken[0], 1.5)}, nil
}

// committing measures commits of files that the target does not have, and of files
// that it has otherwise.
func committing(l *lab) ([]Row, error) {
	n := min(1000, l.sizes.untar)
	source, err := l.scratch()
	if err != nil {
		return nil, err
	}
	if err := fill(source, n); err != nil {
		return nil, err
	}
	var rows []Row
	for _, c := range []struct {
		name string
		had  int // files that the target has
	}{{"new", 0}, {"modified", n}} {
		target, err := l.scratch()
		if err != nil {
			return nil, err
		}
		reset := func() error {
			if err := os.RemoveAll(target); err != nil {
				return err
			}
			if err := os.Mkdir(target, 0o755); err != nil {
				return err
			}
			return fill(target, c.had)
		}
		taken, err := l.turns(l.sizes.few,
			side{"cp", func() (time.Duration, error) {
				if err := reset(); err != nil {
					return 0, err
				}
				return timed(func() error { _, err := l.host.run(l.dir, "cp", "-r", source+"/.", target); return err })()
			}},
			side{"commit", func() (time.Duration, error) {
				if err := reset(); err != nil {
					return 0, err
				}
				return l.commit(target, n)
			}},
			side{"cp to where nothing is", func() (time.Duration, error) {
				if err := os.RemoveAll(target); err != nil {
					return 0, err
				}
				return timed(func() error { _, err := l.host.run(l.dir, "cp", "-r", source, target); return err })()
			}})
		if err != nil {
			return nil, err
		}
		name := fmt.Sprintf("committing %d %s files", n, c.name)
		rows = append(rows, ratioRow(name, taken[1], taken[0], 2))
		if c.had > 0 {
			rows = append(rows, ratioRow(name+", against `cp -r` to where nothing is", taken[1], taken[2], 0))
		}
	}
	return rows, nil
}

// commit measures the commit of n files that a sandbox of a directory has written.
func (l *lab) commit(target string, n int) (time.Duration, error) {
	sb, err := l.m.FromLocal(l.ctx, target, sandbox.WithPreset("full-access"))
	if err != nil {
		return 0, err
	}
	defer sb.Close()
	write := fmt.Sprintf("i=0; while [ $i -lt %d ]; do d=d$((i/100)); [ $((i%%100)) != 0 ] || mkdir -p $d; head -c 4096 /dev/urandom > $d/f$i; i=$((i+1)); done", n)
	if _, err := output(l.ctx, sb, write); err != nil {
		return 0, err
	}
	return timed(func() error {
		report, err := sb.Commit(l.ctx, sandbox.CommitOptions{})
		if err == nil && len(report.Applied) < n {
			err = fmt.Errorf("%d of %d files committed", len(report.Applied), n)
		}
		return err
	})()
}

// listing measures a page of each of many things, from the middle.
func listing(l *lab) ([]Row, error) {
	n := l.sizes.untar
	m, err := l.manager()
	if err != nil {
		return nil, err
	}
	defer func(n int) { _ = l.discard(m, n) }(l.n)
	c, err := m.CreateCodebase(l.ctx, sandbox.CreateCodebaseRequest{Name: "0"})
	if err != nil {
		return nil, err
	}
	rules, err := sandbox.GetPreset(sandbox.DefaultPreset)
	if err != nil {
		return nil, err
	}
	for i := range n {
		if _, err := m.CreateCodebase(l.ctx, sandbox.CreateCodebaseRequest{Name: strconv.Itoa(i), OwnerID: strconv.Itoa(i % 10)}); err != nil {
			return nil, err
		}
		if _, err := m.CreateSandbox(l.ctx, sandbox.CreateSandboxRequest{CodebaseID: c.ID, Rules: rules}); err != nil {
			return nil, err
		}
	}
	var boxes sandbox.ListSandboxesRequest
	var bases sandbox.ListCodebasesRequest
	for range n / 200 {
		page, err := m.ListSandboxes(l.ctx, boxes)
		if err != nil {
			return nil, err
		}
		boxes.PageToken = page.NextPageToken
		codebases, err := m.ListCodebases(l.ctx, bases)
		if err != nil {
			return nil, err
		}
		bases.PageToken = codebases.NextPageToken
	}
	taken, err := l.turns(l.sizes.samples,
		side{"codebases", timed(func() error { _, err := m.ListCodebases(l.ctx, bases); return err })},
		side{"sandboxes", timed(func() error { _, err := m.ListSandboxes(l.ctx, boxes); return err })})
	if err != nil {
		return nil, err
	}
	row := func(name string, s samples) Row {
		return Row{
			Name:  fmt.Sprintf("a page of 100 of %d %s", n, name),
			Cells: []string{fmt.Sprint(len(s)), "–", show(s.median()), "–"},
			Goal:  atMost(milliseconds(s.median()), 50, "ms"),
		}
	}
	return []Row{row("codebases", taken[0]), row("stopped sandboxes", taken[1])}, nil
}
