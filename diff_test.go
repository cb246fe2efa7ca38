// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-rls/sandbox"
)

func diffOf(t testing.TB, sb *sandbox.Sandbox, opts sandbox.DiffOptions) string {
	t.Helper()
	var b strings.Builder
	check(t, sb.Diff(t.Context(), &b, opts))
	return b.String()
}

func wantDiff(t testing.TB, sb *sandbox.Sandbox, opts sandbox.DiffOptions, want string) {
	t.Helper()
	if d := cmp.Diff(want, diffOf(t, sb, opts)); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// changed is a project, and changing what a command makes of it: all that
// patches can say.
var changed = map[string]string{
	"keep": "same\n", "edit": "one\ntwo\nthree\n", "mode.sh": "#!/bin/sh\n", "gone": "bye\n", "empty": "",
	"dir/a": "a\n", "dir/b/c": "c\n", "old/x": "x\n", "link": "-> keep", "turn": "file\n", "back/in/file": "x\n", "back-ward": "x\n",
	"to-link": "text\n", "from-link": "-> keep", "with space": "a\n",
}

const changing = `
	sed -i s/two/2/ edit; chmod +x mode.sh; rm gone empty; rm -r dir
	mkdir -p new/deep; printf n > new/deep/file; : > new/empty; mv old renamed; ln -sf edit link; echo y >> back-ward
	rm to-link; ln -s keep to-link; rm from-link; echo text > from-link; echo b >> "with space"
	printf '#!/bin/sh\necho "$1"\n' > tool; chmod +x tool`

// turning puts files in the place of directories, which patch cannot.
const turning = `; rm turn; mkdir turn; echo x > turn/inside; rm -r back; echo "a file" > back`

// TestDiff applies what it writes to the source, by git and by patch, and
// compares with what the sandbox sees.
func TestDiff(t *testing.T) {
	t.Parallel()
	require(t, "git", "patch")
	for _, c := range []struct {
		live    []sandbox.Option
		command string
		tools   []string
	}{
		{nil, changing, []string{"git apply", "patch -p1 --batch --no-backup-if-mismatch"}},
		{[]sandbox.Option{sandbox.WithIgnore("/old/none")}, changing + turning, []string{"git apply"}},
		{[]sandbox.Option{sandbox.WithLive()}, changing + turning, []string{"git apply"}},
	} {
		dir := project(t, changed)
		sb := start(t, dir, append(c.live, everything)...)
		wantDiff(t, sb, sandbox.DiffOptions{}, "")
		must(t, sb, c.command)
		running := diffOf(t, sb, sandbox.DiffOptions{})
		const listing = "find . ! -type d | sort | while read -r f; do if [ -L \"$f\" ]; then echo \"$f\" $(readlink \"$f\"); else stat -c '%n %a' \"$f\"; cat \"$f\"; fi; done"
		want := must(t, sb, listing)
		check(t, sb.Stop(t.Context()))
		if stopped := diffOf(t, sb, sandbox.DiffOptions{}); stopped != running {
			t.Errorf("stopped it is\n%s\nrunning it was\n%s", stopped, running)
		}
		for _, tool := range c.tools {
			copied := filepath.Join(t.TempDir(), "copy")
			check(t, exec.Command("cp", "-a", dir, copied).Run())
			cmd := exec.Command("/bin/sh", "-c", "umask 022; "+tool)
			cmd.Dir, cmd.Stdin = copied, strings.NewReader(running)
			cmd.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(copied), "GIT_CONFIG_GLOBAL=/dev/null")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v: %s\n%s", tool, err, out, running)
			}
			cmd = exec.Command("/bin/sh", "-c", listing)
			cmd.Dir = copied
			cmd.Env = []string{"LANG=C.UTF-8", "PATH=/usr/bin:/bin"}
			got, err := cmd.Output()
			check(t, err)
			if d := cmp.Diff(want, strings.TrimSpace(string(got))); d != "" {
				t.Errorf("%s: -want +got:\n%s\n%s", tool, d, running)
			}
		}
	}
}

func TestDiffText(t *testing.T) {
	t.Parallel()
	sb := start(t, project(t, map[string]string{"a": "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "b/c": "x\n", "d/e": "y\n"}), everything)
	must(t, sb, "sed -i s/5/five/ a; chmod 600 b/c; rm -r d; mkdir empty; mkfifo pipe; chmod 700 b")
	const a = `diff --git a/a b/a
index 0719398930..e3b7fe4d77 100644
--- a/a
+++ b/a
`
	got := diffOf(t, sb, sandbox.DiffOptions{Context: 1})
	want := a + `@@ -4,3 +4,3 @@
 4
-5
+five
 6
# b: permissions 0755 became 0700
# b/c: permissions 0644 became 0600
diff --git a/d/e b/d/e
deleted file mode 100644
index 975fbec825..0000000000
--- a/d/e
+++ /dev/null
@@ -1 +0,0 @@
-y
# empty: a directory was made
# pipe: a FIFO was made
`
	// The names that git gives to contents are tested elsewhere.
	if i, j := strings.Index(got, "index "), strings.Index(want, "index "); i >= 0 {
		got, want = got[:i]+got[strings.Index(got, "--- a/a"):], want[:j]+want[strings.Index(want, "--- a/a"):]
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	for _, paths := range [][]string{{"d"}, {"/workspace/d/e", "nothing"}, {"/d/"}} {
		if got := diffOf(t, sb, sandbox.DiffOptions{Paths: paths}); strings.Count(got, "diff --git") != 1 || !strings.Contains(got, "a/d/e") {
			t.Errorf("%q: got\n%s", paths, got)
		}
	}
}

func TestDiffLimits(t *testing.T) {
	t.Parallel()
	sb := start(t, project(t, map[string]string{"large": strings.Repeat("x\n", 5000), "same": strings.Repeat("x\n", 5000), "bin": "a\x00b", "small": "x\n"}), everything)
	must(t, sb, "echo y >> large; chmod +x same; echo >> bin; echo y >> small; truncate -s 1T sparse; rm -f large2")
	got := diffOf(t, sb, sandbox.DiffOptions{MaxFileSize: 1000})
	for _, want := range []string{
		"# large: 10002 bytes are more than the limit of 1000, and are not shown\n", "Binary files a/large and b/large differ\n",
		"Binary files a/bin and b/bin differ\n", "old mode 100644\nnew mode 100755\n", "+y\n",
		"# sparse: 1099511627776 bytes are more than the limit of 1000, and are not shown\n", "Binary files /dev/null and b/sparse differ\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	if strings.Contains(got, "# same:") {
		t.Errorf("of a large file that is as it was:\n%s", got)
	}
	must(t, sb, "rm sparse")
	if got := diffOf(t, sb, sandbox.DiffOptions{MaxFileSize: 1 << 20}); strings.Contains(got, "limit") || !strings.Contains(got, "+++ b/large\n") {
		t.Errorf("with a large limit:\n%s", got)
	}
}

// TestDiffOfHostileFiles makes what must not be followed, waited for or read.
func TestDiffOfHostileFiles(t *testing.T) {
	t.Parallel()
	outside := filepath.Join(t.TempDir(), "secret")
	check(t, os.WriteFile(outside, []byte("secret-content\n"), 0o644))
	sb := start(t, project(t, map[string]string{"file": "x\n", "dir/file": "x\n", "esc": "x\n"}), everything)
	must(t, sb, `
		rm file; ln -s `+outside+` file; rm -r dir; ln -s /etc dir; mkfifo esc2; rm esc; mkfifo esc
		ln -s /proc/self/fd/0 fd; ln -s /dev/zero zero; ln -s .. up
		printf 'diff --git a/x b/x\nnew file mode 100644\n' > "$(printf 'a\nb')"
		printf '\033[2Jred' > "$(printf 'esc\033[31m')"; echo x > closed; chmod 0 closed`)
	got := diffOf(t, sb, sandbox.DiffOptions{})
	if strings.Contains(got, "secret-content") || strings.Contains(got, "root:") {
		t.Errorf("it followed a link:\n%s", got)
	}
	for _, want := range []string{"+" + outside + "\n", "# esc: a FIFO was made\n", `"b/a\nb"`, `"b/esc\033[31m"`, "+/dev/zero\n", "+++ b/closed\n"} {
		if want == "+++ b/closed\n" && os.Geteuid() != 0 {
			want = "# closed: it cannot be read: permission denied\n"
		}
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}

// TestDiffMeanwhile diffs while a command makes anything of anything.
func TestDiffMeanwhile(t *testing.T) {
	t.Parallel()
	sb := start(t, project(t, map[string]string{"f": "x\n", "d/f": "x\n"}), everything)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = sb.Run(ctx, `while :; do
			rm -rf f d; mkfifo f; mkdir d; echo y > d/f; rm f; ln -s /etc/passwd f; rm -r d; ln -s /etc d; rm f; mkdir f; echo z > f/passwd; rm d; echo d > d
		done`, sandbox.WithTimeout(0))
	}()
	for range 100 {
		if got := diffOf(t, sb, sandbox.DiffOptions{}); strings.Contains(got, "root:") {
			t.Fatalf("it followed a link:\n%s", got)
		}
	}
	stop()
	<-done
}

// TestDiffUnderRules sees that what may only be listed is not shown.
func TestDiffUnderRules(t *testing.T) {
	t.Parallel()
	sb := start(t, project(t, sample), sandbox.WithRules(
		sandbox.Rule{Pattern: "/**", Permission: sandbox.View}, sandbox.Rule{Pattern: "/src/**", Permission: sandbox.Write}, sandbox.Rule{Pattern: "/**/*.key"},
	))
	must(t, sb, "echo x >> src/main.py; rm src/lib/util.py")
	got := diffOf(t, sb, sandbox.DiffOptions{})
	if !strings.Contains(got, "+x\n") || !strings.Contains(got, "-x = 1\n") || strings.Contains(got, "secret") {
		t.Errorf("got\n%s", got)
	}
}

func TestDiffErrors(t *testing.T) {
	t.Parallel()
	sb := start(t, project(t, changed), everything)
	must(t, sb, changing)
	var b strings.Builder
	wantError(t, sb.Diff(t.Context(), &b, sandbox.DiffOptions{Context: -1}), sandbox.ErrInvalid)
	wantError(t, sb.Diff(t.Context(), &b, sandbox.DiffOptions{MaxFileSize: -1}), sandbox.ErrInvalid)
	wantError(t, sb.Diff(t.Context(), &b, sandbox.DiffOptions{MaxFileSize: sandbox.MaxDiffFileSize + 1}), sandbox.ErrInvalid)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	wantError(t, sb.Diff(over, &b, sandbox.DiffOptions{}), context.Canceled)
	wantError(t, sb.Diff(t.Context(), failing{}, sandbox.DiffOptions{}), syscall.ENOSPC)
	check(t, sb.Destroy(t.Context()))
	wantError(t, sb.Diff(t.Context(), &b, sandbox.DiffOptions{}), sandbox.ErrSandboxNotFound, fs.ErrNotExist)
	readOnly := start(t, project(t, changed), sandbox.WithPreset("read-only"))
	wantDiff(t, readOnly, sandbox.DiffOptions{}, "")
	if err := readOnly.Diff(over, &b, sandbox.DiffOptions{}); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// failing is a writer to which nothing can be written.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, syscall.ENOSPC }
