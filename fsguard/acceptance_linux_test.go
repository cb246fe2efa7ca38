// SPDX-License-Identifier: MIT

package fsguard_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/engine"
	"github.com/sandbox-rls/sandbox/runtime"
	"github.com/sandbox-rls/sandbox/runtime/bwrap"
	"github.com/sandbox-rls/sandbox/runtime/native"
)

// newBox starts a sandbox on dir, with the guard within reach.
func newBox(t *testing.T, rt runtime.Runtime, dir string, rules ...fsguard.Rule) (*engine.Box, *engine.Workspace) {
	t.Helper()
	return newLimitedBox(t, rt, dir, engine.DiskLimit{}, rules...)
}

// newLimitedBox does that with a limit for its disk, where there is one.
func newLimitedBox(t *testing.T, rt runtime.Runtime, dir string, disk engine.DiskLimit, rules ...fsguard.Rule) (*engine.Box, *engine.Workspace) {
	t.Helper()
	e, err := engine.Open("", rt.Owner())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	policy, err := fsguard.Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	w, err := e.FromDir(t.Context(), "box", dir, policy, false, disk)
	if disk.Bytes > 0 && errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Release)
	box, err := e.Start(t.Context(), w, engine.StartOptions{Runtime: rt, Network: runtime.NetworkNone, Hostname: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(box.Close)
	return box, w
}

// start runs a shell with its output to a pipe, which it returns, and its
// standard input from another.
func start(t *testing.T, box *engine.Box, command string) (stdin *os.File, stdout *os.File, p runtime.Process) {
	t.Helper()
	inR, inW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p, err = box.Start(runtime.Command{
		Argv: []string{"/bin/sh", "-c", command}, Env: []string{"PATH=/usr/bin:/bin"}, Dir: engine.Target,
		Stdin: inR, Stdout: outW, Stderr: outW,
	})
	inR.Close()
	outW.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { inW.Close(); outR.Close() })
	return inW, outR, p
}

// TestGuardGone closes the guard while a command runs: what it can read it goes
// on reading, and whatever would change something fails.
func TestGuardGone(t *testing.T) {
	n, b := native.New(), bwrap.New()
	defer n.Close()
	defer b.Close()
	for name, rt := range map[string]runtime.Runtime{"native": n, "bwrap": b} {
		t.Run(name, func(t *testing.T) { testGuardGone(t, rt) })
	}
}

func testGuardGone(t *testing.T, rt runtime.Runtime) {
	dir := t.TempDir()
	for name, content := range map[string]string{"hidden": "hidden\n", "view": "view\n", "read": "read\n", "write": "write\n", "old": "old\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	box, w := newBox(t, rt, dir,
		fsguard.Rule{Pattern: "/**", Permission: fsguard.Write},
		fsguard.Rule{Pattern: "/read", Type: fsguard.File, Permission: fsguard.Read},
		fsguard.Rule{Pattern: "/view", Type: fsguard.File, Permission: fsguard.View},
		fsguard.Rule{Pattern: "/hidden", Type: fsguard.File, Permission: fsguard.None})
	stdin, stdout, p := start(t, box, `
		exec 3>/dev/null
		echo before > write || echo "the guard is here and does not serve"
		echo ready; read -r go
		cat read write 2>&1; ls
		for c in 'echo x > write' 'echo x >> write' 'echo x > new' 'echo x > read' 'rm -f write' 'mv old moved' 'mkdir d' 'rmdir empty' \
			'ln old linked' 'ln -s a b' 'chmod 600 old' 'touch old' 'touch new' 'truncate -s 1 old' 'cat view' 'cat hidden' 'mkfifo f' 'chmod 644 view'; do
			(eval "$c") 2>&3 && echo "done: $c"
		done
		echo end`)
	ready := make([]byte, len("ready\n"))
	if _, err := io.ReadFull(stdout, ready); err != nil || string(ready) != "ready\n" {
		t.Fatalf("%q, %v", ready, err)
	}
	before := scan(t, w.Upper())
	box.Files.Close()
	if _, err := io.WriteString(stdin, "go\n"); err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(stdout)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	if want := "read\nbefore\nempty\nold\nread\nview\nwrite\nend\n"; string(out) != want {
		t.Errorf("without a guard:\n%s\nwant:\n%s", out, want)
	}
	if after := scan(t, w.Upper()); after != before {
		t.Errorf("the delta was:\n%s\nand is:\n%s", before, after)
	}
}

// scan renders a tree.
func scan(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		all.WriteString(info.Mode().String() + " " + info.ModTime().String() + " " + strings.TrimPrefix(path, dir))
		if info.Mode().IsRegular() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			all.WriteString(" " + string(data))
		}
		all.WriteString("\n")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
