// SPDX-License-Identifier: MIT

package delta_test

import (
	"io/fs"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

const withoutPrivilege = "DELTA_TEST_WITHOUT_PRIVILEGE"

// unprivileged runs a test once more as a user who is not let into what its mode
// closes. It reports whether this is that run.
func unprivileged(t *testing.T) bool {
	t.Helper()
	if os.Getenv(withoutPrivilege) != "" {
		return true
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), withoutPrivilege+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 1000, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 1000, HostID: os.Getgid(), Size: 1}},
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	return false
}

// TestClosed works on layers whose files and directories keep their owner out.
func TestClosed(t *testing.T) {
	if !unprivileged(t) {
		return
	}
	dir := t.TempDir()
	d := dirs(t, dir, "upper", "lower")
	l := delta.Layers{Upper: d[0], Open: dir + "/open", Lower: d[1:]}
	put(t, l.Lower[0]+"/shut/file", "old")
	put(t, l.Upper+"/shut/file", "new")
	put(t, l.Upper+"/shut/deep/file", "new")
	must(t, os.Truncate(l.Upper+"/shut/deep/file", 0))
	modes := map[string]fs.FileMode{
		"/shut/file": 0, "/shut/deep": 0o100, "/shut": 0, "": 0o555,
	}
	set := func(top string, modes map[string]fs.FileMode) {
		for _, path := range []string{"/shut/file", "/shut/deep", "/shut", ""} {
			if mode, ok := modes[path]; ok {
				must(t, os.Chmod(top+path, mode))
			}
		}
	}
	set(l.Upper, modes)
	defer tree.Remove(l.Upper)
	must(t, os.Chmod(l.Lower[0]+"/shut", 0o555))
	defer os.Chmod(l.Lower[0]+"/shut", 0o755)
	must(t, os.Chmod(l.Lower[0], 0o555))
	defer os.Chmod(l.Lower[0], 0o755)

	copied := copyLayer(t, l.Upper)
	b, err := delta.OpenBase(l, tree.Caller)
	must(t, err)
	must(t, b.Put("/shut/other", delta.PutSpec{Mode: 0o600}))
	must(t, b.Put("/placeholder", delta.PutSpec{Size: 10}))
	must(t, b.Close())
	must(t, delta.Promote(l, tree.Caller))
	must(t, delta.Merge([]string{l.Open}, dir+"/merged"))

	// Deep inside nothing can be looked at before the modes are changed.
	for _, top := range []string{l.Upper, copied} {
		for _, path := range []string{"", "/shut", "/shut/deep", "/shut/file"} {
			info, err := os.Lstat(top + path)
			must(t, err)
			if info.Mode().Perm() != modes[path] {
				t.Errorf("%s%s: %v", top, path, info.Mode())
			}
			must(t, os.Chmod(top+path, 0o700))
		}
		if data, err := os.ReadFile(top + "/shut/file"); err != nil || string(data) != "new" {
			t.Errorf("%s: %q, %v", top, data, err)
		}
		_, err := os.Lstat(top + "/shut/deep/file")
		must(t, err)
	}
	for _, path := range []string{"/shut/other", "/placeholder"} {
		var st unix.Stat_t
		must(t, unix.Lstat(l.Upper+path, &st))
		if st.Mode&unix.S_IFMT != unix.S_IFCHR || st.Rdev != 0 {
			t.Errorf("%s is not hidden: %o", path, st.Mode)
		}
	}
	for _, top := range []string{l.Open, dir + "/merged"} {
		for path, mode := range map[string]fs.FileMode{"": 0o555, "/shut": 0o555} {
			if info, err := os.Lstat(top + path); err != nil || info.Mode().Perm() != mode {
				t.Errorf("%s%s: %v, %v", top, path, info.Mode(), err)
			}
			must(t, os.Chmod(top+path, 0o755))
		}
	}
}

// TestPlaceholdersAreNoChange compares what its owner may not read.
func TestPlaceholdersAreNoChange(t *testing.T) {
	if !unprivileged(t) {
		return
	}
	dir := t.TempDir()
	d := dirs(t, dir, "upper", "open", "lower")
	l := delta.Layers{Upper: d[0], Open: d[1], Lower: d[2:]}
	for _, top := range d[:2] {
		put(t, top+"/placeholder", "")
		must(t, os.Truncate(top+"/placeholder", 1<<20))
		must(t, os.Chmod(top+"/placeholder", 0))
	}
	got, err := delta.Changes(l)
	must(t, err)
	if len(got) > 0 {
		t.Errorf("got %v", got)
	}
	put(t, d[0]+"/closed", "mine")
	put(t, d[1]+"/closed", "his")
	must(t, os.WriteFile(d[1]+"/closed", []byte("hiss"), 0o644))
	must(t, os.Chmod(d[0]+"/closed", 0))
	must(t, os.Chmod(d[1]+"/closed", 0))
	if got, err = delta.Changes(l); err != nil || len(got) != 1 {
		t.Errorf("got %v, %v", got, err)
	}
}
