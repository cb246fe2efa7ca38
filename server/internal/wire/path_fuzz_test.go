// SPDX-License-Identifier: MIT

package wire_test

import (
	"path"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/internal/wire"
)

// FuzzPaths asks that a path of anybody's stays beneath the directory that it is
// joined to, and that one of ours goes there and back.
func FuzzPaths(f *testing.F) {
	for _, s := range []string{"", "a/b", "/../../etc", "a\xff", "./..//x", "\x00"} {
		f.Add(s, []byte(s))
		f.Add(s, []byte(nil))
	}
	f.Fuzz(func(t *testing.T, text string, raw []byte) {
		p := wire.PathFrom(text, raw)
		if !strings.HasPrefix(p, "/") || path.Clean(p) != p || !strings.HasPrefix(path.Join("/state", p)+"/", "/state/") {
			t.Errorf("%q, %q is %q", text, raw, p)
		}
		files := wire.FilesTo([]sandbox.FileInfo{{Path: p, Name: path.Base(p)}})
		if !utf8.ValidString(files[0].GetPath()) {
			t.Errorf("%q cannot be sent", files[0].GetPath())
		}
		if back := wire.FilesFrom(files); path.Clean("/"+back[0].Path) != p {
			t.Errorf("%q is %q again", p, back[0].Path)
		}
	})
}
