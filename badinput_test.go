// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/fsguard"
)

func TestBadDirectory(t *testing.T) {
	t.Parallel()
	dir := project(t, sample)
	for name, c := range map[string]struct {
		dir  string
		want error
	}{
		"missing":        {filepath.Join(dir, "missing"), fs.ErrNotExist},
		"a file":         {filepath.Join(dir, "README.md"), sandbox.ErrInvalid},
		"beneath a file": {filepath.Join(dir, "README.md", "x"), syscall.ENOTDIR},
		"empty":          {"", sandbox.ErrInvalid},
		"NUL":            {dir + "\x00", sandbox.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			sb, err := sandbox.FromLocal(t.Context(), c.dir)
			if err == nil {
				_ = sb.Close()
				t.Fatal("it was taken")
			}
			wantError(t, err, c.want)
			if _, err := sandbox.ImportCodebase(t.Context(), c.dir); !errors.Is(err, c.want) {
				t.Errorf("importing it: %v", err)
			}
		})
	}
	t.Run("a symlink to one", func(t *testing.T) {
		link := filepath.Join(t.TempDir(), "link")
		check(t, os.Symlink(dir, link))
		must(t, start(t, link), "cat README.md")
		must(t, start(t, link, everything), "cat README.md")
	})
	t.Run("relative", func(t *testing.T) {
		must(t, start(t, "."), "cat go.mod")
	})
	t.Run("empty one", func(t *testing.T) {
		empty := project(t, nil)
		if got := must(t, start(t, empty), "ls -A"); got != "output\ntmp" {
			t.Errorf("got %q", got)
		}
		must(t, start(t, empty, everything), "echo x > x")
		must(t, start(t, empty, sandbox.WithPreset("view-only")), "ls")
	})
}

func TestBadRules(t *testing.T) {
	t.Parallel()
	dir := project(t, sample)
	for _, rule := range []sandbox.Rule{
		{Pattern: "/[", Permission: sandbox.Read},
		{Pattern: "/{a", Permission: sandbox.Read},
		{Pattern: "", Permission: sandbox.Read},
		{Pattern: "/../x", Permission: sandbox.Read},
		{Pattern: "/a\x00", Permission: sandbox.Read},
		{Pattern: "/**", Permission: 99},
		{Pattern: "/**", Permission: sandbox.Read, Type: 99},
	} {
		sb, err := sandbox.FromLocal(t.Context(), dir, sandbox.WithRules(rule))
		if err == nil {
			t.Errorf("%+v was taken", rule)
			_ = sb.Close()
			continue
		}
		wantError(t, err, sandbox.ErrInvalid)
		var bad *fsguard.RuleError
		if !errors.As(err, &bad) {
			t.Errorf("%+v: %v does not name the rule", rule, err)
		}
	}
	_, err := sandbox.FromLocal(t.Context(), dir, sandbox.WithIgnore("[a"))
	wantError(t, err, sandbox.ErrInvalid)
	_, err = sandbox.FromLocal(t.Context(), dir, sandbox.WithPreset("agent-sfae"))
	wantError(t, err, sandbox.ErrPresetNotFound)
	if err == nil || !strings.Contains(err.Error(), "agent-safe") || !strings.Contains(err.Error(), "view-only") {
		t.Errorf("%v does not list the presets", err)
	}
	_, err = sandbox.FromLocal(t.Context(), dir, sandbox.WithNetwork("wifi"))
	wantError(t, err, sandbox.ErrInvalid)
}

func TestBadCommands(t *testing.T) {
	t.Parallel()
	sb := start(t, project(t, sample))
	long := strings.Repeat("x", 1<<20)
	for name, req := range map[string]sandbox.ExecRequest{
		"nothing":            {},
		"both":               {Command: "true", Argv: []string{"true"}},
		"NUL":                {Command: "echo \x00"},
		"NUL in argv":        {Argv: []string{"echo", "\x00"}},
		"NUL in directory":   {Command: "true", Dir: "\x00"},
		"NUL in environment": {Command: "true", Env: map[string]string{"A": "\x00"}},
		"no variable":        {Command: "true", Env: map[string]string{"": "x"}},
		"= in variable":      {Command: "true", Env: map[string]string{"A=B": "x"}},
		"negative timeout":   {Command: "true", Timeout: -1},
		"long command":       {Command: "echo " + long},
		"long argument":      {Argv: []string{"echo", long}},
		"many arguments":     {Argv: slices.Repeat([]string{strings.Repeat("x", 100_000)}, 200)},
		"large variable":     {Command: "true", Env: map[string]string{"A": long}},
		"large environment":  {Command: "true", Env: variables(300, 100_000)},
		"many variables":     {Command: "true", Env: variables(400_000, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := sb.Exec(t.Context(), req)
			if err == nil {
				t.Fatalf("got %+v", r)
			}
			wantError(t, err, sandbox.ErrInvalid)
			must(t, sb, "true") // it lives
		})
	}
	t.Run("as long as it may be", func(t *testing.T) {
		word := strings.Repeat("x", 128<<10-1-len("echo "))
		if got := must(t, sb, "echo "+word); got != word {
			t.Errorf("got %d bytes", len(got))
		}
	})
	t.Run("directory is a file", func(t *testing.T) {
		_, err := sb.Run(t.Context(), "true", sandbox.WithDir("README.md"))
		wantError(t, err, syscall.ENOTDIR)
	})
	t.Run("no time", func(t *testing.T) {
		_, err := sb.Run(t.Context(), "sleep 100", sandbox.WithTimeout(time.Nanosecond))
		wantError(t, err, sandbox.ErrCommandTimeout)
	})
	t.Run("syntax", func(t *testing.T) {
		if r := mustNot(t, sb, "if then ("); r.Stderr == "" {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("not UTF-8", func(t *testing.T) {
		if got := must(t, sb, "printf %s '\xff\xfe'"); got != "\xff\xfe" {
			t.Errorf("got %q", got)
		}
	})
}

func variables(n, size int) map[string]string {
	env := make(map[string]string, n)
	for i := range n {
		env[fmt.Sprintf("V%d", i)] = strings.Repeat("x", size)
	}
	return env
}

func TestOddNames(t *testing.T) {
	t.Parallel()
	names := []string{
		"\xff\xfe", "new\nline", "tab\t", " lead", "-rf", "a:b,c", "quote'\"", "back\\slash", "*", "$HOME", "[x]", "{a,b}", "ünï", ".", "..",
		strings.Repeat("n", 255), "#0", "\x01\x7f",
	}
	dir := project(t, nil)
	for _, name := range names {
		if name != "." && name != ".." {
			check(t, os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o644))
		}
	}
	deep := strings.TrimSuffix(strings.Repeat("deeper-and-deeper/", 100), "/")
	check(t, os.MkdirAll(filepath.Join(dir, deep), 0o755))
	for _, opts := range [][]sandbox.Option{{sandbox.WithPreset("development"), sandbox.WithIgnore("/none")}, {everything}} {
		sb := start(t, dir, opts...)
		if got := must(t, sb, "find . -maxdepth 1 -type f -print0 | tr -dc '\\0' | wc -c"); got != fmt.Sprint(len(names)-2) {
			t.Errorf("%s files", got)
		}
		for _, name := range names {
			if name == "." || name == ".." {
				continue
			}
			if got, err := sb.ReadFile(t.Context(), name); err != nil || string(got) != "x" {
				t.Errorf("%q: got %q, %v", name, got, err)
			}
			check(t, sb.WriteFile(t.Context(), name, []byte("y")))
		}
		check(t, sb.WriteFile(t.Context(), deep+"/file", []byte("y")))
		must(t, sb, "cat "+deep+"/file")
		changes, err := sb.Changes(t.Context())
		check(t, err)
		if len(changes) != len(names)-2+1 {
			t.Errorf("%d changes", len(changes))
		}
	}
}

// TestOddFiles makes sandboxes of a directory with what cannot be copied.
func TestOddFiles(t *testing.T) {
	t.Parallel()
	dir := project(t, map[string]string{"plain": "x", "a": "-> b", "b": "-> a", "self": "-> self", "up": "-> ../..", "dir/loop": "-> ..", "nowhere": "-> missing"})
	check(t, syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o644))
	l, err := net.Listen("unix", filepath.Join(dir, "socket"))
	check(t, err)
	t.Cleanup(func() { l.Close() })
	check(t, os.WriteFile(filepath.Join(dir, "secret.key"), []byte("x"), 0o644))
	special := []string{"/fifo", "/socket"}
	if os.Geteuid() == 0 {
		if err := syscall.Mknod(filepath.Join(dir, "device"), syscall.S_IFCHR|0o666, 1<<8|3); err == nil {
			special = append(special, "/device")
		}
	}
	sb := start(t, dir)
	must(t, sb, "cat plain; readlink a nowhere dir/loop")
	mustNot(t, sb, "cat a")
	var skipped []string
	for _, s := range infoOf(t, sb).Skipped {
		skipped = append(skipped, s.Path)
		if s.Err == nil {
			t.Errorf("%s was skipped without a reason", s.Path)
		}
	}
	slices.Sort(skipped)
	slices.Sort(special)
	if !slices.Equal(skipped, special) {
		t.Errorf("skipped %q, want %q", skipped, special)
	}
	cb, err := sandbox.ImportCodebase(t.Context(), dir)
	check(t, err)
	if len(cb.Skipped) != len(special) {
		t.Errorf("skipped %+v", cb.Skipped)
	}
	check(t, sandbox.DeleteCodebase(t.Context(), cb.ID))
	must(t, start(t, dir, sandbox.WithLive()), "cat plain; ls")
	must(t, start(t, dir, everything), "cat plain; ls; rm -rf ./* && test -z \"$(ls -A)\"")
}

// TestUnreadable needs a user whom permissions bind.
func TestUnreadable(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root reads everything")
	}
	t.Parallel()
	dir := project(t, map[string]string{"plain": "x", "closed": "x", "closed-dir/x": "x", "x.key": "x", "dir/y": "y"})
	check(t, os.Chmod(filepath.Join(dir, "closed"), 0))
	check(t, os.Chmod(filepath.Join(dir, "closed-dir"), 0))
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, "closed-dir"), 0o755) })
	for _, opts := range [][]sandbox.Option{nil, {sandbox.WithPreset("read-only")}, {everything}} {
		sb := start(t, dir, opts...)
		must(t, sb, "cat plain dir/y")
		mustNot(t, sb, "cat closed")
		mustNot(t, sb, "cat closed-dir/x")
		var skipped []string
		for _, s := range infoOf(t, sb).Skipped {
			skipped = append(skipped, s.Path)
			if !errors.Is(s.Err, fs.ErrPermission) {
				t.Errorf("%s: %v", s.Path, s.Err)
			}
		}
		slices.Sort(skipped)
		if !slices.Equal(skipped, []string{"/closed", "/closed-dir"}) {
			t.Errorf("skipped %q", skipped)
		}
	}
	_, err := sandbox.FromLocal(t.Context(), filepath.Join(dir, "closed-dir"))
	wantError(t, err, fs.ErrPermission)
}
