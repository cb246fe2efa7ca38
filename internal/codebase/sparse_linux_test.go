// SPDX-License-Identifier: MIT

package codebase_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/codebase"
)

// TestHoles has zeros become holes, wherever they are in what is read, and however
// that is cut in pieces.
func TestHoles(t *testing.T) {
	w := newWorld(t)
	w.create("cb")
	zeros, data := strings.Repeat("\x00", 1<<20), strings.Repeat("data", 1<<10)
	for name, content := range map[string]string{
		"none": data, "all": zeros, "first": zeros + data, "last": data + zeros, "between": data + zeros + "x" + zeros + data,
		"odd": "x" + zeros + "x", "small": "\x00\x00", "in small": "a\x00b", "empty": "",
	} {
		for cut, r := range map[string]io.Reader{
			"": strings.NewReader(content), " in halves": iotest.HalfReader(strings.NewReader(content)),
			" with its end": iotest.DataErrReader(strings.NewReader(content)),
		} {
			path := "/" + name + cut
			_, err := w.store.Write(t.Context(), "cb", path, r, codebase.WriteOptions{Size: int64(len(content))})
			must(t, err)
			if got := w.read("cb", path); got != content {
				t.Errorf("%s: got %d bytes, which are not those that were written", path, len(got))
			}
			f, _, err := w.store.Open(t.Context(), "cb", path)
			must(t, err)
			var st unix.Stat_t
			must(t, unix.Fstat(int(f.Fd()), &st))
			must(t, f.Close())
			if st.Blocks*512 > 64<<10 {
				t.Errorf("%s takes %d bytes", path, st.Blocks*512)
			}
		}
	}
}

// hollow is content that takes no space.
type hollow struct {
	io.Reader
	holes int64
}

func (hollow) Close() error   { return nil }
func (h hollow) Holes() int64 { return h.holes }

// TestTooManyHoles applies batches with more holes than anybody wants to sum up, and
// ones of which something cannot be read.
func TestTooManyHoles(t *testing.T) {
	const much = 10 << 30
	holes := func(path string, n int64) codebase.Item {
		it := put(path, "", 1, 0)
		it.Open = func() (io.ReadCloser, error) { return hollow{bytes.NewReader([]byte("x")), n}, nil }
		return it
	}
	closed := put("/closed", "", 1, 0)
	closed.Open = func() (io.ReadCloser, error) {
		return nil, &fs.PathError{Op: "open", Path: "/closed", Err: unix.EACCES}
	}
	for _, strict := range []bool{false, true} {
		w := newWorld(t)
		w.create("cb")
		batch := codebase.Batch{Strict: strict, Partial: strict, Items: []codebase.Item{
			holes("/a", much), holes("/b", much), holes("/c", 1<<62), closed, put("/d", "x", 1, 0),
		}}
		r, err := w.store.Apply(t.Context(), "cb", batch)
		must(t, err)
		if got := strings.Join(w.paths("cb"), " "); got != "/a /d" {
			t.Errorf("got %q", got)
		}
		for i, want := range []error{codebase.ErrSparse, codebase.ErrSparse, fs.ErrPermission} {
			if len(r.Failed) != 3 || !errors.Is(r.Failed[i], want) {
				t.Fatalf("got %v", r.Failed)
			}
		}
	}
	w := newWorld(t)
	w.create("cb")
	it := put("/a", "", 1, 0)
	it.Open = func() (io.ReadCloser, error) { return nil, unix.EIO }
	if _, err := w.store.Apply(t.Context(), "cb", codebase.Batch{Items: []codebase.Item{it}}); !errors.Is(err, unix.EIO) {
		t.Errorf("got %v", err) // it may be read the next time
	}
}
