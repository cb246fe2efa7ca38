// SPDX-License-Identifier: MIT

package tarfile_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-rls/sandbox/internal/tarfile"
)

// FuzzReader compares with archive/tar: what both take they have to take alike.
func FuzzReader(f *testing.F) {
	for _, format := range []tar.Format{tar.FormatUSTAR, tar.FormatPAX, tar.FormatGNU} {
		f.Add(theirs(f, format), false)
		f.Add(theirs(f, format), true)
	}
	odd := theirs(f, tar.FormatGNU)
	odd[345] = '@' // where the access time is: see forgive
	f.Add(odd, true)
	odd = bytes.Clone(odd)
	clear(odd[:100])
	odd[156] = 0
	f.Add(odd, true)
	f.Fuzz(func(t *testing.T, b []byte, repair bool) {
		if repair {
			b = repaired(b)
		}
		sameAsTheirs(t, b)
	})
}

// FuzzPax puts records of any form before an entry.
func FuzzPax(f *testing.F) {
	for _, records := range []string{
		"12 path=a/b\n", "20 mtime=1234.5678\n17 linkpath=to/x\n", "10 size=7\n11 size=-7\n", "9 path=\n", "13 path=a\x00b\n",
		"8 mtime\n", "25 GNU.sparse.major=1 x=1\n", "99999999999 path=x\n", "18 mtime=-0.000001\n", "15 SCHILY.x=\n\n\n",
	} {
		f.Add(records)
	}
	f.Fuzz(func(t *testing.T, records string) {
		var b bytes.Buffer
		w := tarfile.NewWriter(&b)
		for _, e := range []entry{
			{tarfile.Header{Type: 'x', Name: "x", Size: int64(len(records))}, records},
			{tarfile.Header{Type: tarfile.File, Name: "f", Link: "l", ModTime: 1e9, Size: 3}, "abc"},
		} {
			if err := put(w, e); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		sameAsTheirs(t, b.Bytes())
	})
}

// FuzzWriter writes an entry of any kind: what is read again, by either reader, is
// what was written.
func FuzzWriter(f *testing.F) {
	f.Add("d/f", "", byte('0'), uint32(0o644), int64(1_600_000_000_123_456_789), "hello")
	f.Add(strings.Repeat("n", 101), strings.Repeat("t", 300), byte('2'), uint32(0o777), int64(-1), "")
	f.Add("odd\xff\n=", "\x7f", byte('1'), uint32(0o7777), int64(math.MaxInt64), "")
	f.Add("d/", "", byte('5'), uint32(0), int64(math.MinInt64+1), "")
	f.Fuzz(func(t *testing.T, name, link string, kind byte, mode uint32, modTime int64, content string) {
		if name == "" || strings.ContainsRune(name+link, 0) || len(name+link) > 1<<19 {
			return // no file has such a name, or the Reader takes none so long
		}
		h := tarfile.Header{Type: tarfile.File + tarfile.Type(kind%7), Name: name, Mode: mode & 0o7777, ModTime: modTime}
		if h.Type == tarfile.HardLink || h.Type == tarfile.Symlink {
			h.Link = link
		}
		if h.Type == tarfile.File {
			h.Size = int64(len(content))
		} else {
			content = ""
		}
		const edge = math.MaxInt64/1_000_000_000 - 1 // in seconds
		if s := modTime / 1_000_000_000; s >= edge || s <= -edge {
			h.ModTime = 0
		}
		var b bytes.Buffer
		w := tarfile.NewWriter(&b)
		if err := put(w, entry{h, content}); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		got, err := read(b.Bytes())
		if diff := cmp.Diff([]entry{{h, content}}, got); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
		if _, err := readTheirs(b.Bytes()); err != nil {
			t.Errorf("archive/tar does not read it: %v", err)
		}
		sameAsTheirs(t, b.Bytes())
	})
}

func put(w *tarfile.Writer, e entry) error {
	if err := w.WriteHeader(&e.Header); err != nil {
		return err
	}
	_, err := io.WriteString(w, e.Content)
	return err
}

// sameAsTheirs compares what both readers make of an archive that both take. Where
// something stands between an entry and what describes it, archive/tar forgets that.
func sameAsTheirs(t *testing.T, b []byte) {
	t.Helper()
	for at := 0; at+512 <= len(b); at += 512 {
		if b[at+156] == tar.TypeXGlobalHeader || misnamed(b[at:at+512]) {
			return
		}
	}
	ours, err := read(b)
	want, theirErr := readTheirs(b)
	if err != nil || theirErr != nil {
		return
	}
	for i := range want {
		if i < len(ours) {
			forgive(&want[i], &ours[i])
		}
	}
	if diff := cmp.Diff(want, ours); diff != "" {
		t.Errorf("-archive/tar +ours:\n%s", diff)
	}
}

// forgive makes alike in what archive/tar is of another mind. Times that nanoseconds
// cannot express it has in full. Of a header of GNU's whose access time is no number
// it believes that an old version of itself has written it, with the beginning of
// the name in that place.
func forgive(want, ours *entry) {
	if want.ModTime == 0 || want.Type > '7' {
		ours.ModTime, want.ModTime = 0, 0
	}
	if strings.HasSuffix(want.Name, "/"+ours.Name) {
		want.Name = ours.Name
	}
}

// misnamed reports whether a block is a header of which forgive could not make
// alike what archive/tar says: there is no name, so that the beginning that it
// believes in ends in a slash, which makes a directory of an entry without a type.
func misnamed(block []byte) bool {
	return string(block[257:265]) == "ustar  \x00" && block[156] == 0 && block[0] == 0 && block[345] != 0
}

// repaired gives each block a right checksum, as if it were a header.
func repaired(b []byte) []byte {
	b = bytes.Clone(b)
	for at := 0; at+512 <= len(b); at += 512 {
		block := b[at : at+512]
		if bytes.Count(block, []byte{0}) == len(block) {
			continue
		}
		copy(block[148:156], "        ")
		sum := 0
		for _, c := range block {
			sum += int(c)
		}
		copy(block[148:156], fmt.Sprintf("%06o\x00 ", sum))
	}
	return b
}
