// SPDX-License-Identifier: MIT

package fsguardtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox/fsguard"
)

// levelNames are the columns of a table, and the directories of that level.
var levelNames = [4]string{"none", "view", "read", "write"}

// row is what one script comes to at each level. In its paths @ stands for a
// directory with a fixture, all of it of that level. A script's outcome is its
// first failure, else the last result.
type row struct {
	name   string
	script script
	want   [4]string // none, view, read, write
	styles []style   // all, unless it says otherwise
}

// add is the table's shorthand.
func (t *table) add(name string, want [4]string, ops ...op) *row {
	*t = append(*t, row{name: name, script: ops, want: want})
	return &(*t)[len(*t)-1]
}

type table []row

// in limits the styles of a row in which the path matters.
func (r *row) in(styles ...style) { r.styles = styles }

func (r *row) runs(how style) bool { return r.styles == nil || slices.Contains(r.styles, how) }

// levelTable is the whole table.
func levelTable() table {
	var t table
	for _, part := range []func(*table){looking, opening, searching, naming, moving, attributes, talking} {
		part(&t)
	}
	return t
}

// at is the directory that a row works in. Where nothing can be changed, all
// rows have the same one.
func at(level string, i int) string {
	if level == "write" {
		return fmt.Sprintf("/write/%03d", i)
	}
	return "/" + level + "/all"
}

// paths joins all paths of a script.
func (s script) paths() string {
	var all strings.Builder
	for i := range s {
		fmt.Fprintf(&all, "/%s /%s\n", s[i].Path, s[i].To)
	}
	return all.String()
}

// substitute puts a directory for each @.
func (s script) substitute(dir string) script {
	out := slices.Clone(s)
	for i := range out {
		out[i].Path = text(strings.ReplaceAll(string(out[i].Path), "@", dir))
		out[i].To = text(strings.ReplaceAll(string(out[i].To), "@", dir))
	}
	return out
}

// levels holds every row against the table at each level, in each style.
func (s suite) levels(t *testing.T) {
	rows := levelTable()
	src := s.newSource(t)
	for _, l := range levelNames[:3] {
		src.fixture(at(l, 0), everything)
	}
	for i, r := range rows {
		src.fixture(at("write", i), r.script.paths())
	}
	rules := []fsguard.Rule{
		{Pattern: "/view", Type: fsguard.Directory, Permission: fsguard.View},
		{Pattern: "/read", Type: fsguard.Directory, Permission: fsguard.Read},
		{Pattern: "/write", Type: fsguard.Directory, Permission: fsguard.Write},
	}
	for _, how := range []style{absolute, legacy, dirfd, relative, dotdot, symlinked, proc} {
		t.Run(string(how), func(t *testing.T) {
			b := s.box(t, src, rules...)
			var scripts []script
			for i, r := range rows {
				for _, l := range levelNames {
					scripts = append(scripts, r.script.substitute(Workspace+at(l, i)))
				}
			}
			for i, got := range b.run(how, scripts...) {
				r := rows[i/4]
				if r.runs(how) && !oneOf(r.want[i%4], outcome(got)) {
					t.Errorf("%s, level %s: %s, want %s", r.name, levelNames[i%4], outcome(got), r.want[i%4])
				}
			}
			for _, path := range b.changed() {
				if !strings.HasPrefix(path, "/write/") {
					t.Errorf("%s was changed", path)
				}
			}
		})
	}
}
