// SPDX-License-Identifier: MIT

package spawner_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/spawner"
)

// TestSpawnIntoCgroup has inits born in a cgroup of version 2, where this user
// can make one; what is none is refused.
func TestSpawnIntoCgroup(t *testing.T) {
	s, pid := begin(t)
	m := request()
	m.Cgroup = true
	into := func(dir string) (*spawner.Process, error) {
		fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		p, conn, err := s.Spawn(m, fd)
		if err == nil {
			t.Cleanup(func() { conn.Close() })
		}
		return p, err
	}
	if _, err := into(t.TempDir()); err != unix.EBADF {
		t.Errorf("what is no cgroup: %v", err)
	}
	if left := children(pid); len(left) > 0 {
		t.Errorf("processes %v are left", left)
	}
	for _, root := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		var st unix.Statfs_t
		if unix.Statfs(root, &st) != nil || st.Type != unix.CGROUP2_SUPER_MAGIC || unix.Access(root, unix.W_OK) != nil {
			continue
		}
		dir := filepath.Join(root, fmt.Sprintf("spawner-test-%d", os.Getpid()))
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		p, err := into(dir)
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", p.PID))
		if err != nil || !strings.Contains(string(data), filepath.Base(dir)) {
			t.Errorf("the init is in %q, %v", data, err)
		}
		p.Kill()
		eventually(t, "the cgroup can be removed", func() bool { return os.Remove(dir) == nil })
	}
}
