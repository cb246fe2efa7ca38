// SPDX-License-Identifier: MIT

package codebase

import (
	"bytes"
	"io/fs"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// FuzzRecord reads what the database has of files and of codebases. What is taken
// becomes the same when it is written and read again.
func FuzzRecord(f *testing.F) {
	file := record{File: File{Mode: 0o644, Size: 5, ModTime: -1, Version: 3, Written: 4, Upload: true}, seq: 9}
	link := record{File: File{Mode: fs.ModeSymlink | 0o777, Link: "to/\xff"}}
	stored := state{Info: Info{Name: "n", OwnerID: "o", Source: "/s", Size: 1 << 40, FileCount: 3, Created: time.Unix(1, 2), Updated: time.Unix(3, 4), Version: 7}, next: 8, floor: 2, uploaded: 1}
	for _, b := range [][]byte{file.encode(), link.encode(), stored.encode(), tombstone{3, -4}.encode(), nil, {1}, bytes.Repeat([]byte{0xff}, 30)} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := decodeRecord("/p", b); err == nil {
			again, err := decodeRecord("/p", r.encode())
			if err != nil || again != r {
				t.Errorf("%+v became %+v, %v", r, again, err)
			}
		}
		if s, err := decodeState("cb", b); err == nil {
			again, err := decodeState("cb", s.encode())
			if err != nil || !bytes.Equal(again.encode(), s.encode()) {
				t.Errorf("%+v became %+v, %v", s, again, err)
			}
		}
		if x, err := decodeTombstone(b); err == nil {
			if again, err := decodeTombstone(x.encode()); err != nil || again != x {
				t.Errorf("%+v became %+v, %v", x, again, err)
			}
		}
	})
}

// FuzzProblems does the same with the problems of an import.
func FuzzProblems(f *testing.F) {
	f.Add(encodeProblems([]tree.Problem{{Path: "/a", Err: ErrSpecial}, {Path: "/\xff", Err: fs.ErrPermission}, {Path: "/b", Err: &fs.PathError{Op: "open", Err: ErrInvalidPath}}}))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Add([]byte{200, 1, 0, 0, 0, 13})
	f.Fuzz(func(t *testing.T, b []byte) {
		problems, err := decodeProblems(b)
		if len(problems) > len(b) {
			t.Fatalf("%d problems in %d bytes", len(problems), len(b))
		}
		if err != nil {
			return
		}
		again, err := decodeProblems(encodeProblems(problems))
		if err != nil || len(again) != len(problems) {
			t.Fatalf("%d problems became %d, %v", len(problems), len(again), err)
		}
		for i := range problems {
			if problems[i].Path != again[i].Path || problems[i].Err.Error() != again[i].Err.Error() {
				t.Errorf("%+v became %+v", problems[i], again[i])
			}
		}
	})
}

// FuzzKeys asks that the order of keys is that of paths, and that what is read of a
// key is what was made one.
func FuzzKeys(f *testing.F) {
	f.Add("/a/b", "/a!b", uint64(1), []byte("cb\x00\x00\x00\x00\x00\x00\x00\x00\x05"), "1-2")
	f.Add("/", "/a", uint64(1<<63), []byte{}, "01")
	f.Fuzz(func(t *testing.T, a, b string, n uint64, raw []byte, name string) {
		a, errA := ValidatePath(a)
		b, errB := ValidatePath(b)
		if errA == nil && errB == nil {
			if got, want := bytes.Compare(pathKey(a), pathKey(b)), tree.Compare(a, b); got != want {
				t.Errorf("%q and %q: %d, and their keys %d", a, b, want, got)
			}
			if keyPath(pathKey(a)) != a {
				t.Errorf("%q is %q again", a, keyPath(pathKey(a)))
			}
			if v, key := splitChangeKey(changeKey(n, pathKey(a))); v != n || keyPath(key) != a {
				t.Errorf("%d %q is %d %q again", n, a, v, key)
			}
		}
		if id, seq, ok := splitTrashKey(raw); ok && !bytes.Equal(trashRunKey(id, seq), raw) {
			t.Errorf("%q is %q, %d", raw, id, seq)
		}
		if base, version, ok := parseLayerName(name); ok && layerName(base, version) != name {
			t.Errorf("%q is %d, %d", name, base, version)
		}
	})
}
