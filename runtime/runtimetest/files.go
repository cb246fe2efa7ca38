// SPDX-License-Identifier: MIT

package runtimetest

import (
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/runtime"
)

// root tests what of the host's files is there, and what can be written.
func (s *suite) root(t *testing.T) {
	cfg := s.config(t)
	in, err := s.runtime.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	b := &box{Instance: in, t: t, home: s.Home}
	t.Run("nothing of the host", func(t *testing.T) {
		b := b.in(t)
		if !s.Image {
			b.bare(t)
		}
		b = s.start(t, func(c *runtime.Config) {
			c.View.Lower, c.View.Delta = cfg.View.Lower, s.delta(t)
		})
		if got := b.out("cat /proc/self/mountinfo"); strings.Contains(got, cfg.View.Lower[0].Dir) {
			t.Errorf("mountinfo tells where the workspace lies on the host:\n%s", got)
		}
	})
	t.Run("read-only", func(t *testing.T) {
		b := b.in(t)
		b.fails("echo x > " + target + "/new")
		b.fails("echo x > /proc/sys/kernel/hostname")
		if s.Image {
			return
		}
		for _, dir := range []string{"/", "/etc", "/usr", "/usr/bin", "/bin", "/dev", "/home"} {
			b.fails("echo x > " + dir + "/new")
		}
		b.fails("echo x > /etc/passwd")
		b.fails("rm /etc/passwd")
		b.fails("chmod 777 /etc")
	})
	t.Run("writable", func(t *testing.T) {
		b := b.in(t)
		for _, dir := range []string{"/tmp", "$HOME", "/dev/shm"} {
			if got := b.out("echo x > " + dir + "/new && cat " + dir + "/new && rm " + dir + "/new"); got != "x" {
				t.Errorf("%s: got %q", dir, got)
			}
		}
	})
	t.Run("no set-user-ID", func(t *testing.T) {
		if s.Image {
			t.Skip("no_new_privs alone keeps them from counting")
		}
		b := b.in(t)
		for _, line := range strings.Split(b.out("cat /proc/self/mountinfo"), "\n") {
			if !strings.Contains(line, "nosuid") {
				t.Errorf("a mount without nosuid: %s", line)
			}
		}
	})
	t.Run("host name", func(t *testing.T) {
		b := b.in(t)
		if got := b.out("cat /proc/sys/kernel/hostname"); got != hostname {
			t.Errorf("got %q", got)
		}
	})
}

// bare tests that the root has nothing but what was put there.
func (b *box) bare(t *testing.T) {
	for _, dir := range []string{"/root", "/var", "/run", "/srv", "/mnt", "/media", "/opt", "/boot", "/sys"} {
		if got := b.out("ls -A " + dir + " 2>/dev/null || :"); got != "" {
			t.Errorf("%s holds %q", dir, got)
		}
	}
	if got := b.out("ls -A /home"); got != runtime.UserName {
		t.Errorf("/home holds %q", got)
	}
	for _, file := range []string{"/etc/shadow", "/etc/gshadow", "/etc/ssh", "/etc/sudoers", "/etc/machine-id"} {
		b.fails("ls -d " + file)
	}
	if me, err := os.Hostname(); err == nil && me != hostname && strings.Contains(b.out("cat /etc/hosts /etc/hostname"), me) {
		t.Errorf("/etc names the host %s", me)
	}
}

// devices tests /dev.
func (s *suite) devices(t *testing.T) {
	b := s.start(t)
	want := []string{"full", "null", "random", "tty", "urandom", "zero"}
	got := strings.Fields(b.out("cd /dev; for f in *; do [ -c $f ] && [ ! -L $f ] && echo $f; done; :"))
	if !slices.Equal(got, want) {
		t.Errorf("device nodes: %q, want %q", got, want)
	}
	for _, c := range []struct{ script, want string }{
		{"head -c 3 /dev/zero | tr '\\0' x", "xxx"},
		{"cat /dev/null; echo x > /dev/null; echo ok", "ok"},
		{"head -c 8 /dev/urandom | wc -c", "8"},
		{"head -c 8 /dev/random | wc -c", "8"},
		{"echo x > /dev/full 2>/dev/null || echo full", "full"},
		{"echo a > /dev/stdout", "a"},
		{"echo b | cat /dev/stdin", "b"},
		{"echo c | cat /dev/fd/0", "c"},
		{"[ -c /dev/pts/ptmx ] && [ -L /dev/ptmx ] && echo ok", "ok"},
	} {
		// The pipes are the caller's: /dev/stdout is opened anew through a pipe of the shell's own.
		if got := b.out("{ " + c.script + "; } | cat"); got != c.want {
			t.Errorf("%s: got %q, want %q", c.script, got, c.want)
		}
	}
	b.fails("echo > /dev/tty") // there is none
	b.fails("mknod /tmp/null c 1 3")
}

// workspace tests the mounts of the workspace.
func (s *suite) workspace(t *testing.T) {
	t.Run("one layer", func(t *testing.T) {
		b := s.start(t)
		if got := b.out("cat hello; ls -A"); got != "hello\nhello" {
			t.Errorf("got %q", got)
		}
		if b.Door().Root == nil || b.Door().Workspace != nil || b.Door().Listener != nil {
			t.Errorf("the door is %+v", b.Door())
		}
	})
	t.Run("two layers", func(t *testing.T) {
		top := t.TempDir()
		s.give(t, top, 0o755)
		if err := os.WriteFile(top+"/top", []byte("top\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		s.give(t, top+"/top", 0o644)
		b := s.start(t, func(c *runtime.Config) { c.View.Lower = append([]runtime.Layer{{Dir: top}}, c.View.Lower...) })
		if got := b.out("cat hello top"); got != "hello\ntop" {
			t.Errorf("got %q", got)
		}
		b.fails("echo x > hello")
	})
	t.Run("a facade", func(t *testing.T) {
		facade, mask := t.TempDir(), t.TempDir()
		s.give(t, facade, 0o755)
		s.give(t, mask, 0o755)
		if err := unix.Mknod(mask+"/hello", unix.S_IFCHR, 0); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(mask+"/mask", []byte("mask\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		s.give(t, mask+"/mask", 0o644)
		b := s.start(t, func(c *runtime.Config) {
			c.View.Facade, c.View.Lower = true, append([]runtime.Layer{{Dir: facade}, {Dir: mask}}, c.View.Lower...)
		})
		// The end comes after the three names that can be seen. An image may lack the means to ask.
		const end = `perl -e 'opendir(D, "."); 1 while readdir(D); print telldir(D)'`
		if got := b.out("cat mask; ls; if perl -v >/dev/null 2>&1; then " + end + "; else echo 3; fi"); got != "mask\nmask\n3" {
			t.Errorf("got %q", got)
		}
		b.fails("cat hello")
	})
	t.Run("names that mount options give a meaning", func(t *testing.T) {
		dir := t.TempDir() + "/a:b,c\\d =e\n"
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		s.give(t, dir, 0o755)
		b := s.start(t, func(c *runtime.Config) { c.View.Lower = append([]runtime.Layer{{Dir: dir}}, c.View.Lower...) })
		b.out("cat hello")
	})
	t.Run("writable beneath a cover", func(t *testing.T) {
		b := s.start(t, func(c *runtime.Config) { c.View.Delta = s.delta(t) })
		if b.Door().Workspace == nil {
			t.Fatal("the door has no workspace")
		}
		// Without a guard nothing is.
		b.fails("echo x > hello")
		b.fails("echo x > new")
		b.fails("mkdir dir")
		b.out("cat hello")
	})
	t.Run("content hidden", func(t *testing.T) {
		b := s.start(t, func(c *runtime.Config) { c.HideContent = true })
		b.fails("cat hello")
		if got := b.out("ls; cat /etc/passwd >/dev/null; echo x > /tmp/x; cat /tmp/x"); got != "hello\nx" {
			t.Errorf("got %q", got)
		}
	})
}

// network tests a sandbox without one.
func (s *suite) network(t *testing.T) {
	b := s.start(t)
	var names []string
	for i, line := range strings.Split(b.out("cat /proc/net/dev"), "\n") {
		if name, _, ok := strings.Cut(line, ":"); ok && i > 1 {
			names = append(names, strings.TrimSpace(name))
		}
	}
	if !slices.Equal(names, []string{"lo"}) {
		t.Errorf("interfaces: %q", names)
	}
	if !strings.Contains(b.out("cat /proc/net/fib_trie"), "127.0.0.1") {
		t.Error("the loopback interface is down")
	}
	host := s.start(t, func(c *runtime.Config) {
		c.Network = runtime.NetworkHost
		c.Spec = runtime.NewSpec(runtime.SpecOptions{Hostname: hostname, Dir: target, Network: c.Network})
	})
	mine, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	if got := host.out("readlink /proc/self/ns/net"); got != mine {
		t.Errorf("with the host's network: in %s, the host in %s", got, mine)
	}
	if got := b.out("readlink /proc/self/ns/net"); got == mine {
		t.Errorf("without network: in %s, as the host", got)
	}
}
