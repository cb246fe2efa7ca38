// SPDX-License-Identifier: MIT

package runtimetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/runtime"
)

// parked is a sandbox that is closed and started again.
type parked struct {
	*box
	suite *suite
	cfg   runtime.Config
}

// scratchDirs are the places whose content is kept.
var scratchDirs = []string{"/tmp", runtime.Home, "/dev/shm"}

// parkable starts a sandbox of a runtime that can park it.
func (s *suite) parkable(t *testing.T, change ...func(*runtime.Config)) *parked {
	t.Helper()
	p := &parked{suite: s, cfg: s.config(t, change...), box: &box{t: t, home: s.Home}}
	p.start()
	t.Cleanup(func() { p.Close() })
	if _, ok := p.Instance.(runtime.Parker); !ok {
		t.Skip("not a runtime.Parker")
	}
	return p
}

func (p *parked) start() {
	p.t.Helper()
	in, err := p.suite.runtime.Start(p.t.Context(), p.cfg)
	if err != nil {
		p.t.Fatalf("start: %v", err)
	}
	p.Instance = in
}

// park ends the instance and returns what is left of it.
func (p *parked) park() *os.File {
	p.t.Helper()
	p.Kill()
	f := p.Instance.(runtime.Parker).Scratch()
	if err := p.Close(); err != nil {
		p.t.Error(err)
	}
	return f
}

// again parks the sandbox and starts it again.
func (p *parked) again() {
	p.t.Helper()
	p.cfg.Scratch = p.park()
	if p.cfg.Scratch == nil {
		p.t.Fatal("nothing was kept")
	}
	p.start()
	p.cfg.Scratch.Close()
	p.cfg.Scratch = nil
}

// parking tests what is kept of a sandbox from one instance to the next.
func (s *suite) parking(t *testing.T) {
	for name, test := range map[string]func(*testing.T){
		"content": s.parkedContent, "mounts": s.parkedMounts, "size": s.parkedSize, "nothing to keep": s.parkedNothing,
		"failed start": s.parkedFailure, "of no use": s.parkedTwice, "content hidden": s.parkedHidden, "binds": s.parkedBinds,
	} {
		t.Run(name, test)
	}
}

// inventory prints all that a command can know of the kept files.
const inventory = `cd /; find /tmp ~ /dev/shm -exec stat -c '%n %f %s %u %g %d %i %h %X %Y %Z' {} +; ` +
	`find /tmp ~ /dev/shm -type l -exec readlink {} \;; find /tmp ~ /dev/shm -type f -size -2000 -exec md5sum {} +`

func (s *suite) parkedContent(t *testing.T) {
	p := s.parkable(t, func(c *runtime.Config) { c.View.Delta = s.delta(t) })
	p.out(`chmod 700 ~; umask 077
		for d in /tmp ~ /dev/shm; do
			mkdir -p $d/a/b; mkdir -m 1770 $d/sticky; echo $d > $d/a/b/file; ln $d/a/b/file $d/link; ln -s ../../etc/passwd $d/symlink
			printf '#!/bin/sh\necho ran' > $d/run; chmod 755 $d/run; mkfifo -m 640 $d/fifo; head -c 300000 /dev/urandom > $d/large
			touch -d '2001-02-03 04:05:06' $d/old; : > $d/.hidden; chmod 400 $d/.hidden; ln -s / $d/tmp; ln -s /etc $d/0
		done`)
	named := fmt.Sprintf("/proc/self/fd/%d/tmp/a", p.Door().Root.Fd())
	attr := unix.Setxattr(named, "user.note", []byte("kept"), 0) == nil // tmpfs has them from Linux 6.6 on
	p.out(inventory)                                                    // it changes times of access, but only the first time
	want := p.out(inventory)
	for range 2 {
		p.again()
		if got := p.out(inventory); got != want {
			t.Fatalf("before:\n%s\nafter:\n%s", want, got)
		}
	}
	if named := fmt.Sprintf("/proc/self/fd/%d/tmp/a", p.Door().Root.Fd()); attr {
		b := make([]byte, 8)
		if n, err := unix.Getxattr(named, "user.note", b); err != nil || string(b[:n]) != "kept" {
			t.Errorf("the attribute is %q, %v", b[:max(n, 0)], err)
		}
	}
	for _, d := range scratchDirs {
		if got := p.out("cd " + d + "; echo more >> a/b/file; cat link; chmod 400 link; mv a/b/file new; rm -r a link symlink .hidden old 0 tmp; ls"); got != d+"\nmore\nfifo\nlarge\nnew\nrun\nsticky" {
			t.Errorf("in %s: got %q", d, got)
		}
	}
	if got := p.out("/tmp/run; ~/run"); got != "ran\nran" {
		t.Errorf("got %q", got)
	}
	p.fails("/dev/shm/run")
}

// parkedMounts tests that a sandbox which was parked looks like one that was not.
func (s *suite) parkedMounts(t *testing.T) {
	p := s.parkable(t)
	// The numbers of mounts and devices are the kernel's to give.
	const look = `ls -A /; awk '{ $1 = $2 = $3 = ""; print }' /proc/self/mountinfo | sort; ls -l /proc/self/fd | wc -l`
	want := p.out(look)
	p.out("touch /tmp/x")
	for range 2 {
		p.again()
		if got := p.out(look); got != want {
			t.Errorf("at first:\n%s\nnow:\n%s", want, got)
		}
	}
	for _, d := range scratchDirs {
		// What is above one of them is the sandbox's, and sealed.
		p.fails("mv " + d + " " + d + ".old")
		p.fails("rmdir " + d)
		p.fails("echo x > " + d + "/../new")
		p.fails("cd " + d + "; ls -d ../agent ../shm ../.kept")
	}
	for _, line := range strings.Split(p.out("grep -E ' (/tmp|/dev/shm|"+runtime.Home+") ' /proc/self/mountinfo"), "\n") {
		if !strings.Contains(line, "rw,nosuid,nodev") || strings.Contains(line, "noexec") != strings.Contains(line, "/dev/shm") {
			t.Errorf("the mount %s", line)
		}
	}
	p.fails("mknod /tmp/null c 1 3")
}

func (s *suite) parkedSize(t *testing.T) {
	p := s.parkable(t, func(c *runtime.Config) {
		for i, m := range c.Spec.Mounts {
			for j, o := range m.Options {
				if strings.HasPrefix(o, "size=25%") {
					c.Spec.Mounts[i].Options[j] = "size=1m"
				}
			}
		}
	})
	const fill = "dd if=/dev/zero of=%s/%s bs=64k count=%d 2>&1 | grep -q 'No space' && echo full || echo ok"
	try := func(dir, name string, blocks int, want string) {
		t.Helper()
		if got := p.out(fmt.Sprintf(fill, dir, name, blocks)); got != want {
			t.Errorf("%d KB more in %s: %s, want %s", blocks*64, dir, got, want)
		}
	}
	// What the three may take is one sum.
	for _, d := range scratchDirs {
		try(d, "a", 15, "ok")
	}
	for range 2 {
		p.again()
		for _, d := range scratchDirs {
			try(d, "b", 8, "full")
			p.out("rm " + d + "/b")
		}
	}
	p.out("rm /tmp/a")
	try("/dev/shm", "b", 16, "ok")
	try("/tmp", "b", 4, "full")
}

// parkedNothing tests when there is something to keep.
func (s *suite) parkedNothing(t *testing.T) {
	for _, c := range []struct {
		name, script string
		kept         bool
	}{
		{"untouched", "ls -lA /tmp ~ /dev/shm", false},
		{"made and removed", "for d in /tmp ~ /dev/shm; do echo x > $d/f; rm $d/f; done", false},
		{"a file in the home", "echo x > ~/f", true},
		{"an empty file in /dev/shm", ": > /dev/shm/f", true},
		{"a symlink in /tmp", "ln -s x /tmp/f", true},
		{"another mode", "chmod 700 ~", true},
		{"a mode and back", "chmod 700 ~; chmod 755 ~", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := s.parkable(t)
			p.out(c.script)
			f := p.park()
			if (f != nil) != c.kept {
				t.Fatalf("kept: %v", f != nil)
			}
			if f == nil {
				return
			}
			p.cfg.Scratch = f
			p.start()
			f.Close()
			// It is still so when nothing happens meanwhile.
			if f = p.park(); f == nil {
				t.Fatal("nothing was kept the second time")
			}
			f.Close()
		})
	}
}

// parkedFailure tests that a start which fails does not take what was kept.
func (s *suite) parkedFailure(t *testing.T) {
	p := s.parkable(t)
	p.out("echo kept > /tmp/f")
	p.cfg.Scratch = p.park()
	bad := p.cfg
	bad.Spec = runtime.NewSpec(runtime.SpecOptions{Hostname: hostname, Dir: "/no/such/dir"})
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for range 3 {
		if in, err := s.runtime.Start(t.Context(), bad); err == nil {
			in.Close()
			t.Fatal("it started")
		} else if errors.Is(err, runtime.ErrScratch) {
			t.Fatal(err)
		}
		if in, err := s.runtime.Start(over, p.cfg); err == nil { // it was quicker
			p.Instance = in
			p.cfg.Scratch = p.park()
		}
	}
	p.start()
	p.cfg.Scratch.Close()
	if got := p.out("cat /tmp/f"); got != "kept" {
		t.Errorf("got %q", got)
	}
}

// parkedBinds binds what lies beneath a directory of the host's at which a root is built.
func (s *suite) parkedBinds(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "runtimetest")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s.give(t, dir, 0o755)
	if err := os.WriteFile(dir+"/file", []byte("bound\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.give(t, dir+"/file", 0o644)
	p := s.parkable(t, func(c *runtime.Config) {
		c.Spec.Mounts = append(c.Spec.Mounts, specs.Mount{Destination: "/data", Type: "bind", Source: dir, Options: []string{"rbind", "ro", "nosuid", "nodev"}})
	})
	p.out("echo kept > /tmp/file")
	for range 2 {
		if got := p.out("cat /data/file /tmp/file"); got != "bound\nkept" {
			t.Errorf("got %q", got)
		}
		p.fails("echo x > /data/file")
		p.again()
	}
}

// parkedTwice starts with files that cannot be attached.
func (s *suite) parkedTwice(t *testing.T) {
	p := s.parkable(t)
	p.out("echo kept > /tmp/f")
	spent := p.park()
	defer spent.Close()
	p.cfg.Scratch = spent
	p.start()
	dir, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	root, err := os.Open("/")
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for i, f := range []*os.File{spent, dir, root} {
		cfg := s.config(t)
		cfg.Scratch = f
		if in, err := s.runtime.Start(t.Context(), cfg); !errors.Is(err, runtime.ErrScratch) {
			t.Errorf("file %d: got %v", i, err)
			if err == nil {
				in.Close()
			}
		}
	}
	if got := p.out("cat /tmp/f"); got != "kept" { // in the instance that has it
		t.Errorf("got %q", got)
	}
}

// parkedHidden tests that Landlock knows the kept file systems.
func (s *suite) parkedHidden(t *testing.T) {
	p := s.parkable(t, func(c *runtime.Config) { c.HideContent = true })
	p.out("echo kept > /tmp/f; echo kept > ~/f")
	p.again()
	if got := p.out("cat /tmp/f ~/f"); got != "kept\nkept" {
		t.Errorf("got %q", got)
	}
	p.fails("cat hello")
}

// parkedOften tests that nothing piles up. Nothing else may run beside it.
func (s *suite) parkedOften(t *testing.T) {
	p := s.parkable(t)
	p.out("echo 0 > /dev/shm/count")
	mounts := p.out("wc -l < /proc/self/mountinfo")
	p.cfg.Scratch = p.park()
	before := s.held(t)
	for i := range 100 {
		p.start()
		if i%10 == 0 {
			p.out("echo >> /dev/shm/count")
		}
		spent := p.cfg.Scratch
		p.cfg.Scratch = p.park()
		spent.Close()
	}
	s.settles(t, before, 0)
	p.start()
	p.cfg.Scratch.Close()
	if got := p.out("wc -l < /proc/self/mountinfo; wc -l < /dev/shm/count"); got != mounts+"\n"+strconv.Itoa(11) {
		t.Errorf("mounts and lines: %q, at first %s mounts", got, mounts)
	}
	p.Close() // what was not taken goes with it
	s.settles(t, before, -1)
}

// settles waits until as many files are open as before, or so many more, and nothing is
// mounted that was not: what is closed apart from an end may be closed later.
func (s *suite) settles(t *testing.T, before holdings, more int) {
	t.Helper()
	var now holdings
	defer func() {
		if t.Failed() {
			t.Logf("before: %+v, after: %+v", before, now)
		}
	}()
	eventually(t, "no more is open or mounted than before", func() bool {
		now = s.held(t)
		return len(now.files) == len(before.files)+more && now.mounts == stillMounted(before.mounts, now.mounts)
	})
}
