// SPDX-License-Identifier: MIT

package codebase_test

import (
	"errors"
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox/internal/codebase"
)

func TestValidatePath(t *testing.T) {
	name := strings.Repeat("n", 255)
	tests := []struct {
		path, want string // an empty want is an error
	}{
		{"a", "/a"},
		{"/a", "/a"},
		{"//a///b/", "/a/b"},
		{"./a/./b/.", "/a/b"},
		{"/", "/"},
		{".", "/"},
		{"...", "/..."},
		{"..a/b..", "/..a/b.."},
		{"a\\b\n\xff", "/a\\b\n\xff"},
		{name, "/" + name},
		{strings.Repeat("/abc", 1024), strings.Repeat("/abc", 1024)},
		{"", ""},
		{"..", ""},
		{"a/..", ""},
		{"a/../b", ""},
		{"a\x00b", ""},
		{name + "n", ""},
		{strings.Repeat("/abc", 1024) + "/d", ""},
	}
	for _, test := range tests {
		got, err := codebase.ValidatePath(test.path)
		if got != test.want || (err != nil) != (test.want == "") {
			t.Errorf("%q: %q, %v, want %q", test.path, got, err, test.want)
		}
		if err != nil && (!errors.Is(err, codebase.ErrInvalidPath) || !errors.Is(err, fs.ErrInvalid)) {
			t.Errorf("%q: %v", test.path, err)
		}
	}
}

func FuzzValidatePath(f *testing.F) {
	for _, s := range []string{"", "/", "a//b", "./a", "../a", "a/../..", "a\x00", "\xff/.", strings.Repeat("n/", 3000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := codebase.ValidatePath(s)
		if err != nil {
			return
		}
		if got != path.Clean("/"+s) || len(got) > 4096 || strings.ContainsRune(got, 0) {
			t.Errorf("%q: %q", s, got)
		}
		if again, err := codebase.ValidatePath(got); again != got || err != nil {
			t.Errorf("%q: %q, %v", got, again, err)
		}
	})
}
