// SPDX-License-Identifier: MIT

package fsguardtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// bareArg makes a program that has this package set up namespaces in which a
// tree is a plain bind mount, and execute the probe there.
const bareArg = "fsguardtest-bare"

func init() {
	if len(os.Args) != 4 || os.Args[1] != bareArg {
		return
	}
	runtime.LockOSThread()
	fmt.Fprintln(os.Stderr, "bare:", enter(os.Args[2], os.Args[3]))
	os.Exit(1)
}

// bare is a box without a guard: what the kernel alone does.
type bare struct {
	t     *testing.T
	tree  string
	stage string
}

func newBare(t *testing.T, tree string) *bare {
	t.Helper()
	return &bare{t: t, tree: tree, stage: t.TempDir()}
}

func (b *bare) Exec(argv []string, stdin []byte) (stdout, stderr []byte, exitCode int) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/proc/self/exe", bareArg, b.tree, b.stage)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &out, &errs
	cmd.Env = []string{}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 1000, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 1000, HostID: os.Getegid(), Size: 1}},
		AmbientCaps: []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_SETPCAP},
	}
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		b.t.Fatalf("a bare namespace: %v", err)
	}
	return out.Bytes(), errs.Bytes(), cmd.ProcessState.ExitCode()
}

func (*bare) Changes() []Change { return nil }
func (*bare) Close()            {}

// enter makes the root, moves into it, gives up all capabilities and executes
// the probe.
func enter(tree, stage string) error {
	work, err := unix.OpenTree(unix.AT_FDCWD, tree, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		return fmt.Errorf("open_tree: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("private: %w", err)
	}
	for _, dir := range []string{"", "/tmp"} {
		if dir != "" {
			_ = os.Mkdir(stage+dir, 0o755)
		}
		if err := unix.Mount("tmpfs", stage+dir, "tmpfs", 0, ""); err != nil {
			return fmt.Errorf("tmpfs: %w", err)
		}
	}
	for _, dir := range []string{"/usr", "/bin", "/sbin", "/lib", "/lib64", "/proc", "/dev", "/etc"} {
		if err := mirror(dir, stage); err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
	}
	if err := os.Mkdir(stage+Workspace, 0o755); err != nil {
		return err
	}
	if err := unix.MoveMount(work, "", unix.AT_FDCWD, stage+Workspace, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
		return fmt.Errorf("move_mount: %w", err)
	}
	if err := unix.Chdir(stage); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot_root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return err
	}
	if err := unix.Chdir(Workspace); err != nil {
		return err
	}
	if err := drop(); err != nil {
		return fmt.Errorf("capabilities: %w", err)
	}
	return unix.Exec(Workspace+probePath, []string{"probe", probeArg}, nil)
}

// mirror has a directory of the host, or the symlink in its place, in the new root.
func mirror(dir, stage string) error {
	if target, err := os.Readlink(dir); err == nil {
		return os.Symlink(target, stage+dir)
	}
	if _, err := os.Stat(dir); err != nil {
		return nil
	}
	if err := os.Mkdir(filepath.Join(stage, dir), 0o755); err != nil {
		return err
	}
	return unix.Mount(dir, stage+dir, "", unix.MS_BIND|unix.MS_REC, "")
}

func drop() error {
	for c := uintptr(0); unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0) == nil; c++ {
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return err
	}
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	if err := unix.Capset(&hdr, &none[0]); err != nil {
		return err
	}
	return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
}
