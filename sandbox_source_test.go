// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox"
)

// manager makes a manager with an explicit state directory.
func manager(t testing.TB) (m *sandbox.Manager, stateDir string) {
	t.Helper()
	stateDir = filepath.Join(t.TempDir(), "state")
	m, err := sandbox.NewManager(sandbox.Config{StateDir: stateDir})
	check(t, err)
	t.Cleanup(func() { check(t, m.Close()) })
	return m, stateDir
}

func from(t testing.TB, m *sandbox.Manager, dir string, opts ...sandbox.Option) *sandbox.Sandbox {
	t.Helper()
	sb, err := m.FromLocal(t.Context(), dir, opts...)
	check(t, err)
	t.Cleanup(func() {
		if err := sb.Close(); !errors.Is(err, sandbox.ErrClosed) { // the test may have closed its manager
			check(t, err)
		}
	})
	return sb
}

func snapshots(t testing.TB, stateDir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(stateDir, "snapshots", "*"))
	check(t, err)
	return names
}

func TestPresets(t *testing.T) {
	t.Parallel()
	dir := project(t, sample)
	for _, c := range []struct {
		preset string
		yes    []string
		no     []string
	}{
		{"agent-safe", []string{"cat src/main.py", "echo x > output/x", "echo x > tmp/x"}, []string{"cat .env", "cat deploy.key", "ls secrets", "ls .git", "echo x > README.md", "echo x > output/y.key", "echo x > .env", "mkdir new"}},
		{"read-only", []string{"cat .env", "ls .git"}, []string{"echo x > README.md", "echo x > output/x"}},
		{"full-access", []string{"cat .env", "echo x > README.md", "rm -rf .git secrets"}, nil},
		{"development", []string{"cat .git/config", "echo x > .git/new", "echo x > README.md", "mkdir new"}, []string{"cat .env", "cat deploy.key", "ls secrets", "echo x > a.pem"}},
		{"view-only", []string{"ls -l README.md .env", "test $(stat -c %s README.md) = 9"}, []string{"cat README.md", "head -c1 src/main.py", "echo x > README.md"}},
	} {
		t.Run(c.preset, func(t *testing.T) {
			t.Parallel()
			sb := start(t, dir, sandbox.WithPreset(c.preset))
			for _, command := range c.yes {
				must(t, sb, command)
			}
			for _, command := range c.no {
				mustNot(t, sb, command)
			}
		})
	}
	t.Run("registered", func(t *testing.T) {
		check(t, sandbox.RegisterPreset("test-source", []sandbox.Rule{{Pattern: "/src/**", Permission: sandbox.Read}}))
		sb := start(t, dir, sandbox.WithPreset("test-source"))
		if got := must(t, sb, "find . | sort | tr '\\n' ' '"); got != ". ./src ./src/lib ./src/lib/util.py ./src/main.py" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("with more rules", func(t *testing.T) {
		sb := start(t, dir, sandbox.WithPreset("agent-safe"), sandbox.WithRules(sandbox.Rule{Pattern: "/src/**", Permission: sandbox.Write, Priority: 20}), sandbox.WithIgnore("**/lib/**"))
		must(t, sb, "echo x >> src/main.py")
		mustNot(t, sb, "ls src/lib")
		mustNot(t, sb, "cat .env")
		mustNot(t, sb, "rm -r src") // it holds something hidden
	})
	t.Run("rules alone", func(t *testing.T) {
		sb := start(t, dir, sandbox.WithRules(sandbox.Rule{Pattern: "/README.md", Permission: sandbox.Read}))
		if got := must(t, sb, "ls -A"); got != "README.md" {
			t.Errorf("got %q", got)
		}
	})
}

// TestSourceUntouched compares all that can be told of the caller's tree.
func TestSourceUntouched(t *testing.T) {
	t.Parallel()
	for _, opts := range map[string][]sandbox.Option{
		"snapshot": {sandbox.WithPreset("development")}, "direct": {everything}, "live": {sandbox.WithPreset("development"), sandbox.WithLive()},
	} {
		dir := project(t, sample)
		before := state(t, dir)
		sb, err := sandbox.FromLocal(t.Context(), dir, opts...)
		check(t, err)
		if now := state(t, dir); !slices.Equal(now, before) {
			t.Errorf("FromLocal changed the source from %q to %q", before, now)
		}
		must(t, sb, "echo x >> README.md; rm -r src; mkdir -p a/b; echo x > a/b/c; chmod 700 .git; ln -s x y; mv link link2; cat link2 || :")
		check(t, sb.WriteFile(t.Context(), "new", []byte("x")))
		check(t, sb.Stop(t.Context()))
		check(t, sb.Start(t.Context()))
		check(t, sb.Destroy(t.Context()))
		if now := state(t, dir); !slices.Equal(now, before) {
			t.Errorf("the source was %q and is %q", before, now)
		}
	}
}

func TestSnapshot(t *testing.T) {
	t.Parallel()
	m, stateDir := manager(t)
	dir := project(t, sample)
	one := from(t, m, dir)
	if infoOf(t, one).Live {
		t.Error("it is live")
	}
	fill(t, dir, map[string]string{"later": "x", "late.key": "secret", "src/later.py": "x"})
	mustNot(t, one, "cat later")
	mustNot(t, one, "cat late.key")
	check(t, os.WriteFile(filepath.Join(dir, "README.md"), []byte("changed\n"), 0o644))
	if got := must(t, one, "cat README.md; ls src"); got != "# Sample\nlib\nmain.py" {
		t.Errorf("a running sandbox sees %q", got)
	}
	two := from(t, m, dir)
	if got := must(t, two, "cat README.md; ls src"); got != "changed\nlater.py\nlib\nmain.py" {
		t.Errorf("the next sandbox sees %q", got)
	}
	mustNot(t, two, "cat late.key")
	if got := must(t, one, "cat README.md"); got != "# Sample" {
		t.Errorf("a running sandbox sees %q", got)
	}
	// Once the last change is old enough for its time to tell, nothing is copied again.
	var before []string
	eventually(t, "an unchanged tree is not copied", func() bool {
		before = snapshots(t, stateDir)
		sb, err := m.FromLocal(t.Context(), dir)
		check(t, err)
		check(t, sb.Close())
		return slices.Equal(snapshots(t, stateDir), before)
	})
	check(t, os.Chmod(filepath.Join(dir, "README.md"), 0o755))
	if got := must(t, from(t, m, dir), "stat -c %a README.md"); got != "755" {
		t.Errorf("a changed mode: got %q", got)
	}
	for _, name := range snapshots(t, stateDir) {
		err := filepath.WalkDir(name, func(path string, _ os.DirEntry, err error) error {
			if base := filepath.Base(path); base == ".env" || strings.HasSuffix(base, ".key") || base == "secrets" || base == ".git" {
				t.Errorf("hidden file copied: %s", path)
			}
			return err
		})
		check(t, err)
	}
}

func TestLive(t *testing.T) {
	t.Parallel()
	m, stateDir := manager(t)
	dir := project(t, sample)
	sb := from(t, m, dir, sandbox.WithLive())
	if !infoOf(t, sb).Live || len(snapshots(t, stateDir)) != 0 {
		t.Errorf("a live sandbox has snapshots %q", snapshots(t, stateDir))
	}
	mustNot(t, sb, "cat .env")
	must(t, sb, "cat README.md && echo x > output/x && cat output/x")
	must(t, sb, "ls; ls src")
	fill(t, dir, map[string]string{"later": "x", "src/later": "x", "new/dir/later": "x"})
	must(t, sb, "cat later src/later new/dir/later && ls | grep later && ls src | grep later && ls new/dir | grep later")
	if _, err := os.Lstat(filepath.Join(dir, "output")); err == nil {
		t.Error("output was made in the source")
	}
	// Where nothing is hidden, the directory itself is the lower layer.
	if info := infoOf(t, from(t, m, dir, everything)); !info.Live || len(snapshots(t, stateDir)) != 0 {
		t.Error("a tree that is all visible was copied")
	}
}

func TestSandboxesAreApart(t *testing.T) {
	t.Parallel()
	dir := project(t, sample)
	one, two := start(t, dir, everything), start(t, dir, everything)
	must(t, one, "echo one > README.md; echo x > new; rm -r src; echo x > /tmp/x")
	if got := must(t, two, "cat README.md; ls src"); got != "# Sample\nlib\nmain.py" {
		t.Errorf("got %q", got)
	}
	mustNot(t, two, "ls new")
	mustNot(t, two, "ls /tmp/x")
}
