// SPDX-License-Identifier: MIT

package fsguardtest

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sandbox-rls/sandbox/fsguard"
)

// allWritable is the policy under which a sandbox is to be like a bind mount.
var allWritable = fsguard.Rule{Pattern: "/**", Permission: fsguard.Write}

// exceptions are the rows of the table in which a sandbox and a bind mount of
// the same tree differ, and what the bind mount says.
var exceptions = map[string]string{
	"rename dir of the source": "ok",
	"rename with a whiteout":   "ok|EINVAL|EPERM",
	"setxattr of the overlay":  "ok",
	"mknod whiteout":           "ok|EPERM",
}

// differential compares a sandbox in which everything may be written with a
// bind mount of the same tree.
func (s suite) differential(t *testing.T) {
	t.Run("Table", s.differentialTable)
	t.Run("Random", s.differentialRandom)
}

// differentialTable holds what the table says of the level write against a
// bind mount.
func (s suite) differentialTable(t *testing.T) {
	rows := levelTable()
	for _, how := range []style{absolute, legacy, relative} {
		src := s.newSource(t)
		var scripts []script
		for i, r := range rows {
			src.fixture(at("write", i), r.script.paths())
			scripts = append(scripts, r.script.substitute(Workspace+at("write", i)))
		}
		for i, got := range perform(t, newBare(t, src.dir), how, scripts) {
			want := rows[i].want[3]
			if other, ok := exceptions[rows[i].name]; ok {
				want = other
			}
			if rows[i].runs(how) && !oneOf(want, outcome(got)) {
				t.Errorf("%s, %s: a bind mount says %s, a sandbox %s", rows[i].name, how, outcome(got), want)
			}
		}
	}
}

// arenas is how many random sequences one pair of trees serves.
const arenas = 250

// differentialRandom runs random sequences in a sandbox and on a bind mount,
// each in a directory of its own, and compares every result.
func (s suite) differentialRandom(t *testing.T) {
	var guarded, plain Box
	used := arenas
	rapid.Check(t, func(r *rapid.T) {
		if used == arenas {
			guarded, plain, used = s.pair(t), newBare(t, s.arena(t).dir), 0
		}
		dir := fmt.Sprintf("%s/%03d", Workspace, used)
		used++
		sequence := rapid.SliceOfN(randomOp(), 1, 30).Draw(r, "sequence")
		how := rapid.SampledFrom([]style{absolute, legacy, dirfd, dotdot, symlinked, proc}).Draw(r, "style")
		run := append(script(sequence), survey...).substitute(dir)
		got := perform(r, guarded, how, []script{run})[0]
		want := perform(r, plain, how, []script{run})[0]
		for i := range run {
			if excused(run[:i+1], got[:i+1], want[i]) {
				return
			}
			if got[i] != want[i] {
				r.Fatalf("step %d, %s %s %s (flags %o): the sandbox says %s, a bind mount %s", i, run[i].Call, run[i].Path, run[i].To, run[i].Flags, got[i], want[i])
			}
		}
	})
}

// excused reports whether the last results of a run differ for a reason that the
// package's documentation gives. What follows cannot be compared.
func excused(run script, got []result, want result) bool {
	last := len(got) - 1
	if strings.HasPrefix(run[last].Call, "rename") && got[last].Errno == "EXDEV" && want.Errno != "EXDEV" {
		return true
	}
	linked := false
	for i := range last {
		linked = linked || run[i].Call == "link" && got[i].Errno == ""
	}
	return linked && got[last] != want && (got[last].Errno == "EACCES" || want.Errno == "EACCES")
}

func (s suite) pair(t *testing.T) Box {
	return s.box(t, s.arena(t), allWritable).box
}

// arena is a tree with a directory for each sequence.
func (s suite) arena(t *testing.T) source {
	src := s.newSource(t)
	for i := range arenas {
		dir := fmt.Sprintf("/%03d", i)
		src.file(dir+"/a", "a\n", 0o644)
		src.file(dir+"/b", "b b\n", 0o600)
		src.file(dir+"/d/c", "c\n", 0o755)
		src.mkdir(dir + "/d/e")
		src.symlink("a", dir+"/l")
		src.symlink("d", dir+"/m")
	}
	return src
}
