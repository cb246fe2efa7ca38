// SPDX-License-Identifier: MIT

package docker

import (
	"errors"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	cerrdefs "github.com/containerd/errdefs"

	"github.com/sandbox-rls/sandbox/runtime"
)

// FuzzEnvironment reads the list of users of anybody's image: each variable that
// comes of it is one line of that list at most, and the image's own come after it.
func FuzzEnvironment(f *testing.F) {
	f.Add("root:x:0:0:root:/root:/bin/sh\nbroken\n", "PATH=/bin", 0)
	f.Add("a:b:c:d:e:f:g\n:::::\n::5::::", "", 5)
	f.Add("x:x:-1:0::/h\x00:\r\n", "HOME=/srv", -1)
	f.Fuzz(func(t *testing.T, passwd, image string, uid int) {
		name, home := lookUp(passwd, uid)
		for _, s := range []string{name, home} {
			if strings.ContainsAny(s, "\n:") || !strings.Contains(passwd, s) {
				t.Errorf("%q is in %q", s, passwd)
			}
		}
		env := environment([]string{image}, passwd, uid)
		if len(env) != 3 || env[2] != image || !strings.HasPrefix(env[0], "HOME=") || len(env[0]) == len("HOME=") || len(env[1]) == len("USER=") {
			t.Errorf("%q", env)
		}
	})
}

// FuzzParseOwner reads the labels of containers, which anybody may set who can use
// the engine: what is taken is what an owner is written as.
func FuzzParseOwner(f *testing.F) {
	for _, s := range []string{owner{"b-1", "4026531836", 17, "9"}.String(), "...", "a.b.0.c", "a.b.-1.c", "a.b.1.c.d", "a.b.+1.c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		o, ok := parseOwner(s)
		if !ok {
			return
		}
		again, ok := parseOwner(o.String())
		if !ok || again != o || o.pid <= 0 {
			t.Errorf("%q is %+v, which is %+v", s, o, again)
		}
	})
}

// FuzzFailure has an engine say anything: the error says it, too, and is taken for
// something known only by its kind or those words.
func FuzzFailure(f *testing.F) {
	f.Add("no such image", uint8(1))
	f.Add("write /x: no space left on device", uint8(0))
	f.Add("cannot share the host's network when user namespaces are enabled", uint8(3))
	f.Add("", uint8(2))
	kinds := []error{errors.New("?"), cerrdefs.ErrNotFound, cerrdefs.ErrUnavailable, cerrdefs.ErrNotImplemented, errPatience}
	r := &Runtime{host: "unix:///x"}
	f.Fuzz(func(t *testing.T, words string, kind uint8) {
		cause := &said{words, kinds[int(kind)%len(kinds)]}
		err := r.failure("doing", cause)
		if !errors.Is(err, cause.kind) && cause.kind != errPatience || !strings.HasPrefix(err.Error(), "doing: ") {
			t.Errorf("%v of %v", err, cause.kind)
		}
		is := []error{fs.ErrNotExist, runtime.ErrUnsupported, ErrEngine, syscall.ENOSPC}
		count := len(slices.DeleteFunc(is, func(e error) bool { return !errors.Is(err, e) }))
		if count > 1 {
			t.Errorf("%v is %d things at once", err, count)
		}
	})
}

// said is an error of an engine.
type said struct {
	words string
	kind  error
}

func (s *said) Error() string { return s.words + strconv.Quote(s.kind.Error()) }
func (s *said) Unwrap() error { return s.kind }
