// SPDX-License-Identifier: MIT

package delta_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/sandbox-rls/sandbox/internal/delta"
)

// TestOpenGrowing has a file grow with each read of it. No more is read than there was
// when it was opened.
func TestOpenGrowing(t *testing.T) {
	upper := t.TempDir()
	name := upper + "/a/file"
	write(t, name, "content")
	f, err := delta.OpenChange(changeOf(t, upper, "/a/file"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	read := 0
	for buf := make([]byte, 3); ; {
		n, err := f.Read(buf)
		if read += n; read > len("content") {
			t.Fatalf("%d bytes were read", read)
		}
		if err != nil {
			if !errors.Is(err, delta.ErrStale) {
				t.Error(err)
			}
			return
		}
		if err := os.Truncate(name, int64(read)+100); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOpenSparse reads a file with a hole before, between and after its data.
func TestOpenSparse(t *testing.T) {
	const size = 8 << 20
	upper := t.TempDir()
	name := upper + "/a/file"
	write(t, name, "")
	want := make([]byte, size)
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err == nil {
		err = f.Truncate(size)
	}
	for _, at := range []int{1<<20 + 1, 5 << 20} {
		if err == nil {
			_, err = f.WriteAt([]byte("data"), int64(at))
		}
		copy(want[at:], "data")
	}
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	content, err := delta.OpenChange(changeOf(t, upper, "/a/file"))
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	if n := content.(interface{ Holes() int64 }).Holes(); n < size/2 || n >= size {
		t.Errorf("holes of %d bytes", n)
	}
	got, err := io.ReadAll(content)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %d bytes that are not those of the file: %v", len(got), err)
	}
}
