// SPDX-License-Identifier: MIT

//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/profiles/seccomp"
	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/sandbox-rls/sandbox/internal/required"
)

var update = flag.Bool("update", false, "write the files that are compared with")

// namespaceCalls are what native sandboxes take that Docker's default profile gives
// to those with CAP_SYS_ADMIN alone.
var namespaceCalls = []string{
	"clone", "clone3", "fsconfig", "fsmount", "fsopen", "mount", "mount_setattr", "move_mount", "open_tree", "pivot_root", "sethostname", "setns", "umount2", "unshare",
}

// TestContainerProfile sees that packaging/seccomp.json is Docker's default profile
// with those calls on top.
func TestContainerProfile(t *testing.T) {
	const path = "../../packaging/seccomp.json"
	p := seccomp.DefaultProfile()
	p.Syscalls = append(p.Syscalls, &seccomp.Syscall{LinuxSyscall: specs.LinuxSyscall{Names: namespaceCalls, Action: specs.ActAllow}, Comment: "for the namespaces of sandboxes"})
	want, err := json.MarshalIndent(p, "", "\t")
	must(t, err)
	want = append(want, '\n')
	if *update {
		must(t, os.WriteFile(path, want, 0o644))
	}
	got, err := os.ReadFile(path)
	must(t, err)
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("run go test -run %s -update (-want +got):\n%s", t.Name(), d)
	}
}

// TestUnit has systemd read the unit, where there is one.
func TestUnit(t *testing.T) {
	program, err := exec.LookPath("systemd-analyze")
	if err != nil {
		required.Missing(t, "systemd-analyze", err)
	}
	unit, err := os.ReadFile("../../packaging/sandboxd.service")
	must(t, err)
	path := filepath.Join(t.TempDir(), "sandboxd.service")
	must(t, os.WriteFile(path, bytes.ReplaceAll(unit, []byte("/usr/local/bin"), []byte(programs(t))), 0o644))
	if out, err := exec.Command(program, "verify", "--man=no", "--recursive-errors=no", path).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v: %s", err, out)
	}
}
