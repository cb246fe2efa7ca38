// SPDX-License-Identifier: MIT

package tarfile_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-rls/sandbox/internal/tarfile"
)

// entry is a header with its content.
type entry struct {
	tarfile.Header
	Content string
}

// read reads a whole archive.
func read(b []byte) (all []entry, err error) {
	r := tarfile.NewReader(bytes.NewReader(b))
	for {
		h, err := r.Next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		content, err := io.ReadAll(r)
		if err != nil {
			return all, err
		}
		all = append(all, entry{*h, string(content)})
	}
}

// readTheirs does so with archive/tar.
func readTheirs(b []byte) (all []entry, err error) {
	r := tar.NewReader(bytes.NewReader(b))
	for {
		h, err := r.Next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		if h.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		if h.Size > int64(len(b)) {
			return all, tar.ErrHeader // holes, which we do not read
		}
		content, err := io.ReadAll(r)
		if err != nil {
			return all, err
		}
		mode := uint32(h.Mode & 0o7777)
		e := entry{tarfile.Header{Type: tarfile.Type(h.Typeflag), Name: h.Name, Link: h.Linkname, Mode: mode, Size: h.Size}, string(content)}
		e.ModTime = h.ModTime.UnixNano()
		if s := h.ModTime.Unix(); s > 9e9 || s < -9e9 {
			e.ModTime = 0
		}
		if !(h.Typeflag < tar.TypeLink || h.Typeflag > tar.TypeFifo) {
			e.Size = 0
		}
		if h.Typeflag == tar.TypeCont {
			e.Type = tarfile.File
		}
		all = append(all, e)
	}
}

var samples = []tar.Header{
	{Typeflag: tar.TypeDir, Name: "d/", Mode: 0o1755},
	{Name: "d/f", Mode: 0o640, Size: 7},
	{Name: strings.Repeat("long/", 40) + "f", Mode: 0o640, Size: 512},
	{Name: "d/\u00e4", Mode: 0o4755},
	{Typeflag: tar.TypeSymlink, Name: "l", Linkname: strings.Repeat("t/", 90)},
	{Typeflag: tar.TypeLink, Name: "h", Linkname: "d/f"},
	{Typeflag: tar.TypeChar, Name: "c", Devmajor: 1},
	{Typeflag: tar.TypeFifo, Name: "p"},
}

// theirs is an archive of the samples in a format of archive/tar.
func theirs(t testing.TB, format tar.Format) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range samples {
		h.Format = format
		h.ModTime = time.Unix(1_600_000_000, 0)
		if format == tar.FormatPAX {
			h.ModTime = time.Unix(1_600_000_000, 123456789)
		}
		if format == tar.FormatGNU {
			h.ModTime = time.Unix(-5, 0)
		}
		if err := w.WriteHeader(&h); err != nil {
			if format == tar.FormatUSTAR {
				continue
			}
			t.Fatal(err)
		}
		if _, err := w.Write(bytes.Repeat([]byte("x"), int(h.Size))); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadsWhatArchiveTarWrites(t *testing.T) {
	for _, format := range []tar.Format{tar.FormatUSTAR, tar.FormatPAX, tar.FormatGNU} {
		b := theirs(t, format)
		want, err := readTheirs(b)
		if err != nil {
			t.Fatal(err)
		}
		got, err := read(b)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v: %v\n%s", format, err, diff)
		}
	}
}

// TestReadsStar has a name that star(1) has put into a shorter prefix, with times
// after it.
func TestReadsStar(t *testing.T) {
	b := make([]byte, 3*512)
	copy(b, "f")
	copy(b[257:], "ustar\x0000")
	prefix := strings.Repeat("p", 131)
	copy(b[345:], prefix+"17777777777\x0017777777777\x00")
	copy(b[508:], "tar\x00")
	b = repaired(b)
	got, err := read(b)
	if err != nil || len(got) != 1 || got[0].Name != prefix+"/f" {
		t.Errorf("%v, %v", got, err)
	}
	want, err := readTheirs(b)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

// both are the entries of an archive that is written of some, as this package and
// archive/tar read it.
func both(t *testing.T, entries ...entry) (ours, theirs []entry) {
	t.Helper()
	var b bytes.Buffer
	w := tarfile.NewWriter(&b)
	for _, e := range entries {
		if err := put(w, e); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	theirs, err := readTheirs(b.Bytes())
	if err == nil {
		ours, err = read(b.Bytes())
	}
	if err != nil {
		t.Fatal(err)
	}
	return ours, theirs
}

// TestEmptyLongName has GNU's headers of long names hold none.
func TestEmptyLongName(t *testing.T) {
	got, want := both(t,
		entry{tarfile.Header{Type: 'L', Name: "L", Size: 2}, "\x00x"},
		entry{tarfile.Header{Type: 'K', Name: "K", Size: 1}, "\x00"},
		entry{tarfile.Header{Type: tarfile.Symlink, Name: "name", Link: "to"}, ""})
	if diff := cmp.Diff(want, got); diff != "" || got[0].Name != "name" {
		t.Error(diff)
	}
}

// TestNamedTwice has both kinds of headers name an entry: GNU's counts, in any order.
func TestNamedTwice(t *testing.T) {
	pax := entry{tarfile.Header{Type: 'x', Name: "x", Size: 33}, "15 path=theirs\n18 linkpath=there\n"}
	name, link := entry{tarfile.Header{Type: 'L', Name: "L", Size: 4}, "ours"}, entry{tarfile.Header{Type: 'K', Name: "K", Size: 4}, "here"}
	for _, before := range [][]entry{{pax, name, link}, {name, link, pax}} {
		got, want := both(t, append(before, entry{tarfile.Header{Type: tarfile.Symlink, Name: "name", Link: "to"}, ""})...)
		if diff := cmp.Diff(want, got); diff != "" || got[0].Name != "ours" || got[0].Link != "here" {
			t.Error(diff)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	want := []entry{
		{tarfile.Header{Type: tarfile.Directory, Name: "./", Mode: 0o711, ModTime: 1}, ""},
		{tarfile.Header{Type: tarfile.File, Name: "f", Mode: 0o644, ModTime: -1_500_000_000, Size: 5}, "hello"},
		{tarfile.Header{Type: tarfile.File, Name: "odd\xff\n=", Mode: 0o600, ModTime: 1_600_000_000_100000000}, ""},
		{tarfile.Header{Type: tarfile.File, Name: strings.Repeat("n", 100), Size: 512}, strings.Repeat("x", 512)},
		{tarfile.Header{Type: tarfile.File, Name: strings.Repeat("n", 101), ModTime: math.MaxInt64 / 2}, ""},
		{tarfile.Header{Type: tarfile.Symlink, Name: "l", Link: strings.Repeat("t", 4000), Mode: 0o777}, ""},
	}
	var b bytes.Buffer
	w := tarfile.NewWriter(&b)
	for i := range want {
		if err := w.WriteHeader(&want[i].Header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, want[i].Content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func([]byte) ([]entry, error){"ours": read, "archive/tar": readTheirs} {
		got, err := f(b.Bytes())
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
	if _, err := w.Write([]byte("more")); err == nil {
		t.Error("content beyond the size was taken")
	}
}

// An archive of before POSIX has no type for a directory: its name ends in a slash.
func TestDirectoryByName(t *testing.T) {
	for typ, want := range map[byte]tarfile.Type{0: tarfile.Directory, '0': tarfile.File, '7': tarfile.File, '5': tarfile.Directory} {
		b := make([]byte, 3*512)
		copy(b, "d/")
		b[156] = typ
		entries, err := read(repaired(b))
		if err != nil || len(entries) != 1 || entries[0].Type != want || entries[0].Name != "d/" {
			t.Errorf("type %q: %+v, %v", typ, entries, err)
		}
	}
}

func TestBroken(t *testing.T) {
	whole := theirs(t, tar.FormatPAX)
	for n := range len(whole) - 1024 {
		if _, err := read(whole[:n]); !errors.Is(err, tarfile.ErrFormat) {
			t.Fatalf("the first %d bytes: %v", n, err)
		}
	}
	flipped := bytes.Clone(whole)
	flipped[0] ^= 1
	if _, err := read(flipped); !errors.Is(err, tarfile.ErrFormat) {
		t.Error(err)
	}
	failed := errors.New("broken pipe")
	r := tarfile.NewReader(io.MultiReader(bytes.NewReader(whole[:100]), iotest{failed}))
	if _, err := r.Next(); err != failed {
		t.Error(err)
	}
}

type iotest struct{ err error }

func (r iotest) Read([]byte) (int, error) { return 0, r.err }
