// SPDX-License-Identifier: MIT

package bwrap

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox/internal/control"
	"github.com/sandbox-rls/sandbox/internal/initproc"
	"github.com/sandbox-rls/sandbox/runtime"
)

// FuzzTranslate divides steps of any kind, in any order: none is lost, and no text
// of theirs stands where bwrap looks for an option.
func FuzzTranslate(f *testing.F) {
	f.Add([]byte("\x05/\x01/a\x04/a/b\x0b/a\x08/w\x0a/w"), uint64(1), "mode=0755,size=16m")
	f.Add([]byte("\x05/tmp\x0d/tmp\x04/tmp/x\x06/proc\x03/l"), uint64(12), "mode=1777")
	f.Add([]byte("\x05/dev\x04/dev/null\x07/dev/pts\x02/etc/passwd"), uint64(0), "--bind")
	f.Fuzz(func(t *testing.T, steps []byte, attr uint64, data string) {
		var all []control.Step
		for rest := steps; len(rest) > 0; {
			s := control.Step{Op: control.Op(rest[0]), Attr: attr, Data: data, Mode: 0o700}
			end := slices.IndexFunc(rest[1:], func(b byte) bool { return b < ' ' })
			if end < 0 {
				end = len(rest) - 1
			}
			s.Target, rest = "/"+strings.TrimLeft(string(rest[1:1+end]), "/"), rest[1+end:]
			all = append(all, s)
		}
		spec := runtime.NewSpec(runtime.SpecOptions{Hostname: "box", Dir: "/workspace"})
		s, err := translate(spec, all)
		if err != nil {
			return
		}
		for _, step := range all {
			same := func(o control.Step) bool { return o.Op == step.Op && o.Target == step.Target }
			if !slices.ContainsFunc(s.holder, same) && !slices.ContainsFunc(s.init, same) && !slices.Contains(s.argv, step.Target) {
				t.Errorf("nobody does %+v", step)
			}
		}
		wellFormed(t, s.argv)
	})
}

// takes are bwrap's options with the number of their arguments.
var takes = map[string]int{
	"--unshare-user": 0, "--unshare-ipc": 0, "--unshare-pid": 0, "--unshare-uts": 0, "--unshare-cgroup": 0, "--unshare-net": 0,
	"--uid": 1, "--gid": 1, "--hostname": 1, "--as-pid-1": 0, "--die-with-parent": 0, "--new-session": 0, "--cap-add": 1,
	"--perms": 1, "--dir": 1, "--symlink": 2, "--proc": 1, "--dev-bind": 2, "--bind": 2, "--ro-bind": 2, "--tmpfs": 1, "--chdir": 1,
}

func wellFormed(t *testing.T, argv []string) {
	t.Helper()
	i := 1
	for ; i < len(argv) && argv[i] != "--"; i++ {
		n, ok := takes[argv[i]]
		if !ok {
			t.Fatalf("%q is no option, in %q", argv[i], argv)
		}
		i += n
	}
	if want := initproc.BuilderArgv(); i >= len(argv) || !slices.Equal(argv[i+1:], want) {
		t.Errorf("%q does not end with %q", argv, want)
	}
}

// FuzzExplain has bwrap say anything: the cause stays, and what was said is quoted.
func FuzzExplain(f *testing.F) {
	f.Add("bwrap: Unknown option --cap-add\n", true)
	f.Add("\xff\x1b[2J", true)
	f.Add("", false)
	f.Fuzz(func(t *testing.T, log string, ended bool) {
		cause := errors.New("cause")
		if ended {
			cause = runtime.ErrEnded
		}
		err := explain("/usr/bin/bwrap", log, cause)
		if strings.ContainsAny(err.Error(), "\x1b\n") || ended == errors.Is(err, cause) && strings.TrimSpace(log) != "" {
			t.Errorf("%q of %q", err, log)
		}
	})
}
