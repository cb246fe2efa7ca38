// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox"
)

// containerCaps are what root has in a container of Docker's that was given
// CAP_SYS_ADMIN.
var containerCaps = []string{
	"chown", "dac_override", "fsetid", "fowner", "mknod", "net_raw", "setgid", "setuid", "setfcap", "setpcap",
	"net_bind_service", "sys_chroot", "kill", "audit_write", "sys_admin",
}

// TestRootOfAContainer runs a sandbox as a root who does not have every
// capability.
func TestRootOfAContainer(t *testing.T) {
	const variable = "SANDBOX_TEST_CAPABILITIES"
	if os.Getenv(variable) != "" {
		sb := start(t, project(t, sample))
		if got := must(t, sb, "echo x > output/x && cat output/x src/main.py"); got != "x\nprint('hello')" {
			t.Errorf("got %q", got)
		}
		mustNot(t, sb, "cat .env")
		check(t, sb.WriteFile(t.Context(), "output/y", []byte("y")))
		live := start(t, project(t, sample), sandbox.WithLive())
		must(t, live, "echo x > output/x && cat output/x")
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("it is about root")
	}
	t.Parallel()
	require(t, "setpriv")
	cmd := exec.Command("setpriv", "--inh-caps=-all", "--bounding-set=-all,+"+strings.Join(containerCaps, ",+"),
		"/proc/self/exe", "-test.run=^TestRootOfAContainer$", "-test.v", "-test.timeout=1m")
	self, err := os.Executable()
	check(t, err)
	cmd.Args[3] = self
	cmd.Env = append(os.Environ(), variable+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestRootOfAContainer")) {
		t.Errorf("%v\n%s", err, out)
	}
}
