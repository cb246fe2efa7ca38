// SPDX-License-Identifier: MIT

package sandbox_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox"
)

// sharedVariable makes TestSharedMounts the process that starts sandboxes.
const sharedVariable = "SANDBOX_TEST_SHARED"

// TestSharedMounts starts sandboxes where everything lies on a shared mount, as on
// a host that systemd(1) has booted: nothing of theirs comes to be mounted there.
func TestSharedMounts(t *testing.T) {
	dir := os.Getenv(sharedVariable)
	if dir == "" {
		cmd := exec.Command("/proc/self/exe", "-test.run=^TestSharedMounts$", "-test.v")
		cmd.Env = append(os.Environ(), sharedVariable+"="+t.TempDir())
		cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS}
		if os.Geteuid() != 0 {
			cmd.SysProcAttr = &syscall.SysProcAttr{
				Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNS,
				UidMappings: []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}},
				GidMappings: []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}},
			}
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	check(t, unix.Mount("none", dir, "tmpfs", 0, "mode=755"))
	check(t, unix.Mount("", dir, "", unix.MS_SHARED, ""))
	source := filepath.Join(dir, "source")
	check(t, os.Mkdir(source, 0o755))
	check(t, os.WriteFile(filepath.Join(source, "file"), []byte("content"), 0o644))
	check(t, os.WriteFile(filepath.Join(source, ".env"), []byte("secret"), 0o644))
	before, err := os.ReadFile("/proc/self/mountinfo")
	check(t, err)
	m, err := sandbox.NewManager(sandbox.Config{StateDir: filepath.Join(dir, "state")})
	check(t, err)
	defer m.Close()
	for name, opts := range map[string][]sandbox.Option{"snapshot": nil, "live": {sandbox.WithLive()}} {
		sb, err := m.FromLocal(t.Context(), source, opts...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := must(t, sb, "cat file; echo x > output/new"); got != "content" {
			t.Errorf("%s: got %q", name, got)
		}
		if now, err := os.ReadFile("/proc/self/mountinfo"); !bytes.Equal(now, before) {
			t.Errorf("%s: mounted on the host is\n%s\nand was\n%s\n%v", name, now, before, err)
		}
		check(t, sb.Close())
	}
}
