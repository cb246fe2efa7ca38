// SPDX-License-Identifier: MIT

package docker_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"golang.org/x/sys/unix"
)

// ownEngine is an engine of one test, with all that is its own in a directory.
type ownEngine struct {
	*client.Client
	host    string
	dir     string
	options []string
	prelude string // commands that come before, in a mount namespace of its own
	cmd     *exec.Cmd
}

// startEngine starts an engine that has the image busybox and, unless the options say
// otherwise, no network. It ends with the test, and nothing is left of it.
func startEngine(t *testing.T, options ...string) *ownEngine {
	t.Helper()
	e := newEngine(t, options...)
	e.start(t)
	e.load(t)
	return e
}

// newEngine is startEngine without the start.
func newEngine(t *testing.T, options ...string) *ownEngine {
	t.Helper()
	engine(t)
	if _, err := exec.LookPath("dockerd"); err != nil {
		if os.Getenv("SANDBOX_REQUIRE") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	// The sockets in it have long names, and a socket's may not be.
	dir, err := os.MkdirTemp("", "sandbox-engine-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil { // which its users must reach, if it remaps them
		t.Fatal(err)
	}
	e := &ownEngine{dir: dir, host: "unix://" + dir + "/docker.sock", options: options}
	t.Cleanup(func() { e.remove(t) })
	if e.Client, err = client.New(client.WithHost(e.host)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Client.Close() })
	return e
}

// start starts the engine, for the first time or again.
func (e *ownEngine) start(t *testing.T) {
	t.Helper()
	logs, err := os.OpenFile(filepath.Join(e.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer logs.Close()
	args := []string{
		"dockerd", "--data-root", e.dir + "/lib", "--exec-root", e.dir + "/exec", "-H", e.host, "--pidfile", e.dir + "/pid",
		"--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false",
	}
	// In a network namespace of its own the bridge is in nobody's way.
	if !slices.ContainsFunc(e.options, func(o string) bool { return strings.HasPrefix(o, "--bip=") }) {
		args = append(args, "--bridge=none")
	}
	args = append(args, e.options...)
	if e.prelude != "" {
		args = append([]string{"--mount", "sh", "-c", e.prelude + ` && exec "$0" "$@"`}, args...)
	}
	e.cmd = exec.Command("unshare", append([]string{"--net"}, args...)...)
	e.cmd.Stdout, e.cmd.Stderr = logs, logs
	e.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := e.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if _, err = e.Ping(t.Context(), client.PingOptions{}); err == nil {
			return
		}
		if time.Now().After(end) {
			said, _ := os.ReadFile(logs.Name())
			t.Fatalf("the engine does not start: %v: %s", err, said[max(0, len(said)-2000):])
		}
	}
}

// end ends the engine by a signal, and not what it runs.
func (e *ownEngine) end(signal os.Signal) {
	if e.cmd == nil {
		return
	}
	_ = e.cmd.Process.Signal(signal)
	_ = e.cmd.Wait()
	e.cmd = nil
	// Until the orphans are reaped the numbers in these are those of processes, and the
	// next engine would wait for them.
	for _, name := range []string{"pid", "exec/containerd/containerd.pid"} {
		_ = os.Remove(filepath.Join(e.dir, name))
	}
}

// load gives the engine the image that the tests' own has.
func (e *ownEngine) load(t *testing.T) {
	t.Helper()
	saved, err := engine(t).ImageSave(t.Context(), []string{busybox})
	if err != nil {
		t.Fatal(err)
	}
	defer saved.Close()
	loaded, err := e.ImageLoad(t.Context(), saved)
	if err != nil {
		t.Fatal(err)
	}
	defer loaded.Close()
	var said bytes.Buffer
	if _, err := said.ReadFrom(loaded); err != nil || strings.Contains(said.String(), "errorDetail") {
		t.Fatalf("loading the image: %s, %v", &said, err)
	}
}

// remove ends the engine and all that it has left, as one must of a killed one.
func (e *ownEngine) remove(t *testing.T) {
	e.end(syscall.SIGTERM)
	eventually(t, "nothing runs that was the engine's", func() bool {
		left := e.processes()
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		return len(left) == 0
	})
	mounts := mountsBeneath(t, e.dir)
	slices.Reverse(mounts)
	for _, m := range mounts {
		_ = unix.Unmount(m, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW)
	}
	if err := os.RemoveAll(e.dir); err != nil {
		t.Error(err)
	}
}

// processes are those that have the engine's directory among their arguments.
func (e *ownEngine) processes() (pids []int) {
	all, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range all {
		if args, err := os.ReadFile(name); err == nil && bytes.Contains(args, []byte(e.dir+"/")) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
			pids = append(pids, pid)
		}
	}
	return pids
}

// mountsBeneath lists the mounts in a directory, in the order in which they were made.
func mountsBeneath(t *testing.T, dir string) (mounts []string) {
	t.Helper()
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		if f := strings.Fields(line); strings.HasPrefix(f[4], dir+"/") {
			mounts = append(mounts, f[4])
		}
	}
	return mounts
}

// cgroupOf is where the kernel counts what is in a container: its directory in each
// hierarchy.
func cgroupsOf(id string) []string {
	var all []string
	for _, pattern := range []string{"/sys/fs/cgroup/docker/" + id, "/sys/fs/cgroup/*/docker/" + id} {
		found, _ := filepath.Glob(pattern)
		all = append(all, found...)
	}
	return all
}

// nothingLeft waits until an engine has nothing of a container.
func (e *ownEngine) nothingLeft(t *testing.T, id string) {
	t.Helper()
	eventually(t, "no container is left", func() bool {
		_, err := e.ContainerInspect(context.Background(), id, client.ContainerInspectOptions{})
		return err != nil
	})
	eventually(t, "no mount is left", func() bool {
		return !slices.ContainsFunc(mountsBeneath(t, e.dir), func(m string) bool { return strings.Contains(m, "/overlay2/") || strings.Contains(m, id) })
	})
	eventually(t, "no cgroup is left", func() bool { return len(cgroupsOf(id)) == 0 })
}
