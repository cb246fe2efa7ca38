// SPDX-License-Identifier: MIT

package sandbox_test

import (
	"bytes"
	"crypto/rand"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/internal/ledgertest"
)

// outside is a directory of the host that nothing may lead to.
type outside struct {
	t           *testing.T
	dir, secret string
}

func newOutside(t *testing.T) *outside {
	o := &outside{t: t, dir: filepath.Join(t.TempDir(), "outside"), secret: "secret-" + rand.Text()}
	check(t, os.Mkdir(o.dir, 0o777))
	check(t, os.Chmod(o.dir, 0o777))
	check(t, os.WriteFile(o.dir+"/secret", []byte(o.secret), 0o666))
	check(t, os.Chmod(o.dir+"/secret", 0o666)) // nothing but the call itself keeps anybody out
	return o
}

// kept checks that what a call gave does not hold the secret, and that all is as it was.
func (o *outside) kept(call, gave string) {
	o.t.Helper()
	if strings.Contains(gave, o.secret) {
		o.t.Errorf("%s led out of the workspace: %.200s", call, gave)
	}
	data, err := os.ReadFile(o.dir + "/secret")
	names, _ := os.ReadDir(o.dir)
	if err != nil || string(data) != o.secret || len(names) != 1 {
		o.t.Fatalf("%s changed what is outside: %q, %v, %v", call, data, names, err)
	}
}

// ways are what a sandbox puts into its workspace, by name.
func (o *outside) ways() map[string]string {
	return map[string]string{
		"file": o.dir + "/secret", "relative": "../../../../../../../../../.." + o.dir + "/secret", "proc": "/proc/self/root" + o.dir + "/secret",
		"dir": o.dir, "above": "../../../../../../../../../..", "README.md": o.dir + "/secret", "src": o.dir, "passwd": "/etc/passwd",
	}
}

// plant makes the symlinks, and a FIFO.
func (o *outside) plant(sb *sandbox.Sandbox) {
	o.t.Helper()
	var script strings.Builder
	script.WriteString("rm -r README.md src\nmkfifo fifo\n")
	for name, to := range o.ways() {
		script.WriteString("ln -s " + to + " " + name + "\n")
	}
	must(o.t, sb, script.String())
}

// paths are what a caller may ask for.
func (o *outside) paths() []string {
	paths := []string{"/dir/secret", "/src/secret", "/above" + o.dir + "/secret", "/dir/new", "/src/lib/new", "/fifo"}
	for name := range maps.Keys(o.ways()) {
		paths = append(paths, "/"+name)
	}
	return paths
}

// TestLedgerHostFiles has a sandbox plant symlinks that lead out of its workspace
// where its owner's calls meet them.
func TestLedgerHostFiles(t *testing.T) {
	m, _ := manager(t)
	o := newOutside(t)
	codebase, err := m.ImportCodebase(t.Context(), project(t, sample))
	check(t, err)
	sb := from(t, m, project(t, sample), everything)
	shared, err := m.FromCodebase(t.Context(), codebase.ID, everything)
	check(t, err)
	o.plant(sb)
	o.plant(shared)
	ctx := t.Context()
	for name, call := range map[string]func(path string) string{
		"ReadFile":  func(path string) string { data, _ := sb.ReadFile(ctx, path); return string(data) },
		"WriteFile": func(path string) string { _ = sb.WriteFile(ctx, path, []byte("attacked")); return "" },
		"ListFiles": func(path string) string {
			var names []string
			for _, recursive := range []bool{false, true} {
				list, _ := sb.ListFiles(ctx, path, recursive)
				for _, f := range list {
					if strings.HasSuffix(f.Path, "/secret") && path != "/dir/secret" {
						names = append(names, o.secret) // its name is as good as its content
					}
				}
			}
			return strings.Join(names, " ")
		},
		"Changes": func(string) string {
			_, err := sb.Changes(ctx)
			check(t, err)
			return ""
		},
		"Diff": func(string) string {
			var b bytes.Buffer
			check(t, sb.Diff(ctx, &b, sandbox.DiffOptions{}))
			return b.String()
		},
		"Download": func(path string) string {
			r, err := m.DownloadFile(ctx, codebase.ID, path)
			if err != nil {
				return ""
			}
			defer r.Close()
			data, _ := io.ReadAll(r)
			return string(data)
		},
		"Upload": func(path string) string {
			_, _ = m.UploadFile(ctx, codebase.ID, path, strings.NewReader("attacked"), sandbox.UploadOptions{})
			return ""
		},
		"Export": func(string) string {
			var b bytes.Buffer
			check(t, m.ExportTar(ctx, codebase.ID, &b))
			return b.String()
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range o.paths() {
				o.kept(name+" "+path, call(path))
			}
		})
	}
	t.Run("Commit", func(t *testing.T) { o.commit(sb) })
	t.Run("Destroy", func(t *testing.T) {
		check(t, shared.Destroy(ctx)) // which folds what it wrote into the codebase
		o.kept("folding", "")
	})
}

// commit carries the symlinks over, and then, in another sandbox, what lies beneath
// their names.
func (o *outside) commit(sb *sandbox.Sandbox) {
	dir := project(o.t, sample)
	_, err := sb.Commit(o.t.Context(), sandbox.CommitOptions{Dir: dir, Partial: true, Overwrite: true})
	check(o.t, err)
	o.kept("Commit", "")
	again := start(o.t, project(o.t, sample), everything)
	must(o.t, again, "rm -r src; mkdir -p src dir; echo x > src/secret; echo x > dir/secret; echo x > dir/new; echo x > README.md")
	_, err = again.Commit(o.t.Context(), sandbox.CommitOptions{Dir: dir, Partial: true, Overwrite: true})
	check(o.t, err)
	o.kept("Commit beneath symlinks", "")
}

// TestLedgerHostFileRaces exchanges a directory for a symlink that leads out, all
// the time, while its owner's calls go through it.
func TestLedgerHostFileRaces(t *testing.T) {
	o := newOutside(t)
	sb := start(t, project(t, sample), everything)
	must(t, sb, "mkdir d; echo inside > d/secret; ln -s "+o.dir+" other; mv src/main.py .")
	c, err := sb.StartCommand(t.Context(), sandbox.ExecRequest{Argv: []string{"/bin/sh", "-c", "while :; do mv -T d x; mv -T other d; mv -T d other; mv -T x d; done"}, Timeout: patience})
	check(t, err)
	defer func() {
		check(t, c.Signal(syscall.SIGKILL))
		_, _ = c.Wait()
	}()
	duration := 2 * time.Second
	if soak := os.Getenv(ledgertest.Soak); soak != "" {
		duration, err = time.ParseDuration(soak)
		check(t, err)
	}
	read := 0
	for until := time.Now().Add(duration); time.Now().Before(until) || read == 0; {
		data, err := sb.ReadFile(t.Context(), "/d/secret")
		if err == nil {
			read++
		}
		o.kept("ReadFile", string(data))
		_ = sb.WriteFile(t.Context(), "/d/secret", []byte("inside"))
		_ = sb.WriteFile(t.Context(), "/d/new", []byte("inside"))
		o.kept("WriteFile", "")
		var b bytes.Buffer
		_ = sb.Diff(t.Context(), &b, sandbox.DiffOptions{})
		_, _ = sb.ListFiles(t.Context(), "/d", true)
		o.kept("Diff", b.String())
	}
}

// TestLedgerOwnersEnvironment: nothing of the owner's environment is in a command's.
func TestLedgerOwnersEnvironment(t *testing.T) {
	t.Setenv("LEDGER_SECRET", "secret-of-the-owner")
	m, _ := manager(t)
	sb := from(t, m, project(t, sample), everything)
	for _, command := range []string{"env", "cat /proc/*/environ 2>/dev/null; true", "set"} {
		if out := must(t, sb, command); strings.Contains(out, "secret-of-the-owner") {
			t.Errorf("%s: %s", command, out)
		}
	}
}
