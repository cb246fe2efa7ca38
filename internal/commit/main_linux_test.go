// SPDX-License-Identifier: MIT

package commit_test

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	"github.com/sandbox-rls/sandbox/internal/required"
)

// mode says in the environment what a child of the tests is to do.
const mode = "COMMIT_TEST_MODE"

func TestMain(m *testing.M) {
	if os.Getenv(mode) == "commit" {
		os.Exit(commitAsChild(os.Args[1]))
	}
	os.Exit(m.Run())
}

// inNamespace runs a test once more in a user and mount namespace, where it may
// mount. It is false in there.
func inNamespace(t *testing.T) bool {
	t.Helper()
	if os.Getenv(mode) == "namespace" {
		return false
	}
	cmd := exec.Command("/proc/self/exe", "-test.v", "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), mode+"=namespace")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Pdeathsig:   syscall.SIGKILL,
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	runtime.LockOSThread() // the child dies with the thread that started it
	defer runtime.UnlockOSThread()
	out, err := cmd.CombinedOutput()
	if err != nil {
		if _, exited := err.(*exec.ExitError); !exited {
			required.Missing(t, "userns", err)
		}
		t.Fatalf("in a namespace: %v\n%s", err, out)
	}
	return true
}
