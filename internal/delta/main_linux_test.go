// SPDX-License-Identifier: MIT

package delta_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
)

const inNamespace = "DELTA_TEST_IN_NAMESPACE"

// TestMain runs the tests once more in a user and mount namespace, where an
// overlay can be mounted, for root and anybody else alike.
func TestMain(m *testing.M) {
	if os.Getenv(inNamespace) != "" {
		os.Exit(m.Run())
	}
	runtime.LockOSThread() // the child dies with the thread that started it
	err := errors.ErrUnsupported
	if os.Getuid() == 0 {
		err = inside(users) // some tests want other users
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		err = inside(1)
	}
	switch {
	case errors.As(err, &exit):
		os.Exit(exit.ExitCode())
	case err != nil:
		fmt.Fprintln(os.Stderr, "no user namespace, so no overlay:", err)
		os.Exit(m.Run())
	}
}

// users is how many there are in the namespace of root, where that is possible.
const users = 65536

// inside runs the tests in new namespaces, with the first users mapped.
func inside(count int) error {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), inNamespace+"=1")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Pdeathsig:   syscall.SIGKILL,
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: count}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: count}},
	}
	return cmd.Run()
}
