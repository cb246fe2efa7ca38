// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox"
)

// pair are two sandboxes of one codebase.
type pair struct {
	*testing.T
	m    *sandbox.Manager
	id   string
	a, b *sandbox.Sandbox
}

func (p *pair) sandbox() *sandbox.Sandbox {
	p.Helper()
	sb, err := p.m.FromCodebase(p.Context(), p.id, everything)
	check(p, err)
	p.Cleanup(func() { check(p, sb.Close()) })
	return sb
}

// TestConflictWithWhatIsNotSeen has a sandbox change what another one changes and
// commits, and then get to know something else of the codebase. It has not seen what
// the other has committed, and does not overwrite it.
func TestConflictWithWhatIsNotSeen(t *testing.T) {
	t.Parallel()
	m, _ := manager(t)
	upload := func(name string) func(*pair) {
		return func(p *pair) { uploadFile(p.T, m, p.id, name, "uploaded") }
	}
	in := func(command string) func(*pair) { return func(p *pair) { must(p, p.a, command) } }
	commit := func(p *pair, sb *sandbox.Sandbox, command string, only ...string) {
		must(p, sb, command)
		_, err := sb.Commit(p.Context(), sandbox.CommitOptions{Paths: only})
		check(p, err)
	}
	one := func(command string, only ...string) func(*pair) {
		return func(p *pair) { commit(p, p.a, command, only...) }
	}
	other := func(command string) func(*pair) { return func(p *pair) { commit(p, p.b, command) } }
	renew := func(p *pair) { p.b = p.sandbox() }
	restart := func(p *pair) {
		check(p, p.a.Stop(p.Context()))
		check(p, p.a.Start(p.Context()))
	}
	fork := func(p *pair) {
		sb, err := p.a.Fork(p.Context())
		check(p, err)
		p.Cleanup(func() { check(p, sb.Close()) })
		p.a = sb
	}
	for _, c := range []struct {
		name      string
		steps     []func(*pair)
		conflicts string // of what the first one commits then
	}{
		{"a file that was there", []func(*pair){in("echo a > README.md"), other("echo b > README.md"), upload("g")}, "/README.md"},
		{"a file that was uploaded", []func(*pair){upload("f"), in("echo a > f"), other("echo b > f"), upload("g")}, "/f"},
		{"and a restart", []func(*pair){upload("f"), in("echo a > f"), other("echo b > f"), upload("g"), restart}, "/f"},
		{"and a fork", []func(*pair){upload("f"), in("echo a > f"), other("echo b > f"), upload("g"), fork}, "/f"},
		{"of the same size and time", []func(*pair){upload("f"), in("echo a > f"), other("touch -r f t; printf overload > f; touch -r t f; rm t"), upload("g")}, "/f"},
		{"another mode", []func(*pair){upload("f"), in("echo a > f"), other("chmod 700 f"), upload("g")}, "/f"},
		{"another type", []func(*pair){upload("f"), in("echo a > f"), other("ln -sf a f"), upload("g")}, "/f"},
		{"a file that was committed", []func(*pair){one("echo 1 > f"), renew, in("echo a > f"), other("echo b > f"), upload("g")}, "/f"},
		{"and another is committed", []func(*pair){one("echo 1 > f"), renew, in("echo a > f"), other("echo b > f"), one("echo c > c", "c")}, "/f"},
		{"a file that is deleted", []func(*pair){upload("f"), in("rm f"), other("echo b > f"), upload("g")}, "/f"},
		{"a file that the other has deleted", []func(*pair){upload("f"), in("echo a > f"), other("rm f"), upload("g")}, "/f"},
		{"a file in a directory that is deleted", []func(*pair){upload("src/f"), other("echo b > src/main.py"), upload("src/g"), in("rm -r src")}, "/src/main.py /src"},
		{"a new file in one", []func(*pair){upload("new/f"), other("echo b > new/b"), upload("new/g"), in("rm -r new")}, "/new/b /new"},
		{"a new file in one that was committed", []func(*pair){one("mkdir d; echo 1 > d/f"), renew, other("echo b > d/b"), one("rm README.md"), in("rm -r d")}, "/d/b /d"},
		{"a new file in one that is replaced", []func(*pair){upload("new/f"), other("echo b > new/b"), upload("new/g"), in("rm -r new; echo a > new")}, "/new"},

		{"what was uploaded", []func(*pair){upload("f"), in("echo a > f"), upload("g")}, ""},
		{"what was uploaded anew", []func(*pair){upload("f"), other("echo b > f"), upload("f"), in("echo a > f")}, ""},
		{"what was committed", []func(*pair){one("echo 1 > f"), one("echo 2 > f; echo > x"), in("chmod 600 f")}, ""},
		{"what was deleted and comes again", []func(*pair){one("echo 1 > f"), one("rm f README.md"), in("echo a > f; echo a > README.md")}, ""},
		{"what was deleted, after a restart", []func(*pair){one("echo 1 > f"), one("rm f README.md"), restart, in("echo a > f; echo a > README.md")}, ""},
		{"a directory that comes again", []func(*pair){one("rm -r src"), in("mkdir src; echo a > src/main.py")}, ""},
		{"directories with uploads", []func(*pair){upload("src/f"), upload("new/f"), in("rm -r src new")}, ""},
		{"what takes their place", []func(*pair){upload("src/f"), upload("new/f"), in("rm -r src new; echo a > src; ln -s a new")}, ""},
		{"a directory of its own", []func(*pair){one("mkdir -p d/e; echo 1 > d/e/f"), restart, one("chmod 700 d; mv d/e/f d"), in("rm -r d")}, ""},
		{"what a fork knows", []func(*pair){upload("f"), one("echo 1 > x"), fork, in("echo a > f; echo 2 > x")}, ""},
		{"many restarts", append(slices.Repeat([]func(*pair){upload("f"), one("date +%N > x"), restart}, 6), in("echo a > f; rm x")), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cb, err := m.ImportCodebase(t.Context(), project(t, sample))
			check(t, err)
			p := &pair{T: t, m: m, id: cb.ID}
			p.a, p.b = p.sandbox(), p.sandbox()
			for _, step := range c.steps {
				step(p)
			}
			report, err := p.a.Commit(t.Context(), sandbox.CommitOptions{})
			if c.conflicts != "" {
				wantError(t, err, sandbox.ErrConflict)
			} else if err != nil {
				t.Error(err)
			}
			if got := paths(report.Conflicts); got != c.conflicts {
				t.Errorf("conflicts of %q, want %q", got, c.conflicts)
			}
		})
	}
}

// TestForkThatIsCommitted commits a fork, and has another process go on with what it
// was made of: that is of nobody's changes but its own.
func TestForkThatIsCommitted(t *testing.T) {
	t.Parallel()
	m, stateDir := manager(t)
	cb, err := m.ImportCodebase(t.Context(), project(t, sample))
	check(t, err)
	sb, err := m.FromCodebase(t.Context(), cb.ID, everything)
	check(t, err)
	must(t, sb, "echo 0 > 0; echo 3 > 3")
	fork, err := sb.Fork(t.Context())
	check(t, err)
	_, err = fork.Commit(t.Context(), sandbox.CommitOptions{})
	check(t, err)
	must(t, fork, "rm 0; echo more > more")
	check(t, m.Close())
	m, err = sandbox.NewManager(sandbox.Config{StateDir: stateDir})
	check(t, err)
	t.Cleanup(func() { check(t, m.Close()) })
	fork, err = m.Connect(t.Context(), fork.ID())
	check(t, err)
	wantChanges(t, fork, "added /more", "deleted /0")
	sb, err = m.Connect(t.Context(), sb.ID())
	check(t, err)
	wantChanges(t, sb, "added /0", "added /3")
	check(t, sb.Start(t.Context()))
	must(t, sb, "rm 3")
	wantChanges(t, sb, "added /0")
	_, err = sb.Commit(t.Context(), sandbox.CommitOptions{})
	check(t, err)
	if got := download(t, m, cb.ID, "3"); got != "3\n" {
		t.Errorf("got %q", got)
	}
	check(t, sb.Discard(t.Context()))
	if got := must(t, sb, "ls"); strings.Contains(got, "3") {
		t.Errorf("got %q", got)
	}
}
