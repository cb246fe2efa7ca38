// SPDX-License-Identifier: MIT

package codebase_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-rls/sandbox/internal/codebase"
	"github.com/sandbox-rls/sandbox/internal/required"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// archive writes a tar archive of these headers. The content of a regular file
// is its name.
func archive(t testing.TB, headers ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		if h.Typeflag == 0 {
			h.Typeflag = tar.TypeReg
		}
		if h.Mode == 0 {
			h.Mode = 0o640
		}
		h.ModTime = time.Unix(1_600_000_000, 0)
		if h.Typeflag == tar.TypeReg && h.Size == 0 {
			h.Size = int64(len(h.Name))
		}
		must(t, w.WriteHeader(&h))
		if h.Typeflag == tar.TypeReg {
			_, err := w.Write([]byte(h.Name))
			must(t, err)
		}
	}
	must(t, w.Close())
	return b.Bytes()
}

func file(name string) tar.Header { return tar.Header{Name: name} }
func directory(name string) tar.Header {
	return tar.Header{Name: name, Typeflag: tar.TypeDir, Mode: 0o750}
}

func special(name string) tar.Header {
	return tar.Header{Name: name, Typeflag: tar.TypeChar, Devmajor: 1}
}

func soft(name, target string) tar.Header {
	return tar.Header{Name: name, Linkname: target, Typeflag: tar.TypeSymlink}
}

func hard(name, target string) tar.Header {
	return tar.Header{Name: name, Linkname: target, Typeflag: tar.TypeLink}
}

func TestImportTar(t *testing.T) {
	long := strings.Repeat("long/", 80) + "name"
	tests := map[string]struct {
		headers []tar.Header
		limits  codebase.Limits
		want    map[string]string // but for the directories
		skipped []string
		err     error
	}{
		"plain": {
			headers: []tar.Header{directory("./"), directory("d/"), file("d/f"), file("./g"), soft("l", "/etc/passwd"), hard("h", "d/f")},
			want:    map[string]string{"/d/f": "-rw-r----- d/f", "/g": "-rw-r----- ./g", "/l": "Lrwxrwxrwx /etc/passwd", "/h": "-rw-r----- d/f"},
		},
		"absolute and doubled": {
			headers: []tar.Header{file("/a//b/./c")},
			want:    map[string]string{"/a/b/c": "-rw-r----- /a//b/./c"},
		},
		"the last one counts": {
			headers: []tar.Header{file("./f"), file("f")},
			want:    map[string]string{"/f": "-rw-r----- f"},
		},
		"long": {
			headers: []tar.Header{{Name: long, Format: tar.FormatPAX}, {Name: long + "2", Format: tar.FormatGNU}},
			want:    map[string]string{"/" + long: "-rw-r----- " + long, "/" + long + "2": "-rw-r----- " + long + "2"},
		},
		"devices":                   {headers: []tar.Header{special("null"), file("f")}, want: map[string]string{"/f": "-rw-r----- f"}, skipped: []string{"/null"}},
		"set-user-ID":               {headers: []tar.Header{{Name: "f", Mode: 0o6755}}, want: map[string]string{"/f": "-rwxr-xr-x f"}},
		"up and out":                {headers: []tar.Header{file("f"), file("../f")}, err: codebase.ErrInvalidPath},
		"through a link":            {headers: []tar.Header{soft("l", "/etc"), file("l/passwd")}, err: codebase.ErrNotDirectory},
		"beneath a file":            {headers: []tar.Header{file("f"), file("f/g")}, err: codebase.ErrNotDirectory},
		"a file over a directory":   {headers: []tar.Header{file("d/f"), file("d")}, err: codebase.ErrIsDirectory},
		"a directory over a file":   {headers: []tar.Header{file("d"), directory("d")}, err: codebase.ErrNotDirectory},
		"a hard link to nothing":    {headers: []tar.Header{hard("h", "/etc/passwd")}, err: codebase.ErrInvalidArchive},
		"a hard link out":           {headers: []tar.Header{hard("h", "../../etc/passwd")}, err: codebase.ErrInvalidPath},
		"a hard link to itself":     {headers: []tar.Header{file("f"), hard("f", "f")}, want: map[string]string{"/f": "-rw-r----- f"}},
		"a hard link to a link":     {headers: []tar.Header{soft("l", "x"), hard("h", "l")}, want: map[string]string{"/l": "Lrwxrwxrwx x", "/h": "Lrwxrwxrwx x"}},
		"too many by their names":   {headers: []tar.Header{file("f"), file("a/b/c")}, limits: codebase.Limits{Files: 3}, err: codebase.ErrTooLarge},
		"too many":                  {headers: []tar.Header{file("f"), special("g"), file("h")}, limits: codebase.Limits{Files: 2}, err: codebase.ErrTooLarge},
		"too large":                 {headers: []tar.Header{file("12345"), file("6789")}, limits: codebase.Limits{Bytes: 8}, err: codebase.ErrTooLarge},
		"too large by hard links":   {headers: []tar.Header{file("12345"), hard("x", "12345")}, limits: codebase.Limits{Bytes: 9}, err: codebase.ErrTooLarge},
		"a file that is too large":  {headers: []tar.Header{file("1234"), file("12345")}, limits: codebase.Limits{FileBytes: 4}, err: codebase.ErrTooLarge},
		"as large as it may become": {headers: []tar.Header{file("1234")}, limits: codebase.Limits{Files: 1, Bytes: 4, FileBytes: 4}, want: map[string]string{"/1234": "-rw-r----- 1234"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.create("cb")
			skipped, err := w.store.ImportTar(t.Context(), "cb", bytes.NewReader(archive(t, test.headers...)), test.limits)
			if !errors.Is(err, test.err) || (err != nil) != (test.err != nil) {
				t.Fatalf("%v, want %v", err, test.err)
			}
			if err != nil && len(w.paths("cb")) > 0 {
				t.Error("half of it is there: ", w.paths("cb"))
			}
			var got []string
			for _, p := range skipped {
				got = append(got, p.Path)
			}
			if diff := cmp.Diff(test.skipped, got); diff != "" {
				t.Error("skipped: ", diff)
			}
			found := map[string]string{}
			for path, s := range w.held("cb") {
				if !s.Mode.IsDir() {
					found[path] = s.Mode.String() + " " + s.Content
				}
			}
			if test.want == nil {
				test.want = map[string]string{}
			}
			if diff := cmp.Diff(test.want, found); diff != "" {
				t.Error(diff)
			}
			w.whole("cb")
			w.write("cb", "/after", "x")
			w.tidy("cb")
		})
	}
}

func TestImportTarTakesNoHalves(t *testing.T) {
	whole := archive(t, directory("d/"), file("d/f"), file("d/g"))
	w := newWorld(t)
	for n := 0; n < len(whole)-1024; n += 128 {
		id := fmt.Sprint("cb", n)
		w.create(id)
		_, err := w.store.ImportTar(t.Context(), id, bytes.NewReader(whole[:n]), codebase.Limits{})
		if !errors.Is(err, codebase.ErrInvalidArchive) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	broken := errors.New("broken pipe")
	w.create("cb")
	_, err := w.store.ImportTar(t.Context(), "cb", io.MultiReader(bytes.NewReader(whole[:700]), failing{broken}), codebase.Limits{})
	if !errors.Is(err, broken) {
		t.Error(err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// TestTarRoundTrip goes from a codebase to another through an archive, and
// through GNU tar.
func TestTarRoundTrip(t *testing.T) {
	w := newWorld(t)
	w.create("from")
	w.apply("from", false,
		codebase.Item{Path: "/", Mode: fs.ModeDir | 0o711, ModTime: 5e17},
		codebase.Item{Path: "/d", Mode: fs.ModeDir | 0o750, ModTime: 1_500_000_000_123456789},
		codebase.Item{Path: "/d/f", Mode: 0o755, ModTime: 1_600_000_000_987654321, Open: text("content")},
		codebase.Item{Path: "/d/closed", Mode: 0, ModTime: 1_600_000_000_000000000, Open: text("secret")},
		symlink("/d/l", strings.Repeat("target/", 50), 1, 0),
		put("/"+strings.Repeat("n", 255), "x", 1, 0), put("/"+strings.Repeat("deep/", 100)+"f", "x", 1, 0),
		put("/odd\n \u00e4", "x", 1, 0), put("/a.b", "", 1, 0), put("/a/b", "", 1, 0),
	)
	var out bytes.Buffer
	must(t, w.store.ExportTar(t.Context(), "from", &out))
	w.create("to")
	skipped, err := w.store.ImportTar(t.Context(), "to", bytes.NewReader(out.Bytes()), codebase.Limits{})
	if len(skipped) > 0 || err != nil {
		t.Fatal(skipped, err)
	}
	want := w.held("from")
	if diff := cmp.Diff(want, w.held("to")); diff != "" {
		t.Error("-from +to: ", diff)
	}
	w.check(w.checkout("to"))

	if _, err := exec.LookPath("tar"); err != nil {
		required.Missing(t, "tar", err)
	}
	dir := filepath.Join(w.base, "extracted")
	must(t, os.Mkdir(dir, 0o755))
	extract := exec.Command("tar", "-xpf", "-", "-C", dir, "--no-same-owner")
	extract.Stdin = &out
	if msg, err := extract.CombinedOutput(); err != nil || len(msg) > 0 {
		t.Fatalf("%v: %s", err, msg)
	}
	if diff := cmp.Diff(want, see(t, []string{dir})); diff != "" {
		t.Error("-from +GNU tar: ", diff)
	}
	for _, format := range []string{"gnu", "pax", "ustar", "v7"} {
		create := exec.Command("tar", "-cf", "-", "--format", format, "--sort=name", "-C", dir, "d/f", "a", "a.b")
		b, err := create.Output()
		must(t, err)
		w.create(format)
		_, err = w.store.ImportTar(t.Context(), format, bytes.NewReader(b), codebase.Limits{})
		must(t, err)
		if got := w.read(format, "/d/f"); got != "content" {
			t.Errorf("%s: %q", format, got)
		}
	}
	must(t, tree.Remove(dir))
}

func TestOddNamesSurviveTar(t *testing.T) {
	w := newWorld(t)
	w.create("from")
	w.write("from", "/odd\xff\xfe", "x")
	var out bytes.Buffer
	must(t, w.store.ExportTar(t.Context(), "from", &out))
	w.create("to")
	_, err := w.store.ImportTar(t.Context(), "to", &out, codebase.Limits{})
	must(t, err)
	if diff := cmp.Diff(w.paths("from"), w.paths("to")); diff != "" {
		t.Error(diff)
	}
}

func FuzzImportTar(f *testing.F) {
	f.Add(archive(f, directory("d/"), file("d/f"), hard("h", "d/f"), soft("l", "d")))
	f.Add(archive(f, tar.Header{Name: strings.Repeat("long/", 80), Typeflag: tar.TypeDir, Format: tar.FormatPAX}))
	f.Add(archive(f, tar.Header{Name: strings.Repeat("long/", 80) + "f", Format: tar.FormatGNU}, special("x")))
	f.Add(archive(f, soft("l", "/etc"), file("l/passwd"), file("../f")))
	outer := newWorld(f)
	n := 0
	f.Fuzz(func(t *testing.T, b []byte) {
		n++
		id := fmt.Sprint("cb", n)
		w := *outer
		w.TB = t
		w.create(id)
		limits := codebase.Limits{Files: 100, Bytes: 1 << 20}
		_, err := w.store.ImportTar(t.Context(), id, bytes.NewReader(b), limits)
		if err != nil && len(w.paths(id)) > 0 {
			t.Fatal("half of it is there")
		}
		if info := w.info(id); info.Size > limits.Bytes {
			t.Fatalf("%d bytes", info.Size)
		}
		c, err := w.store.Checkout(t.Context(), id)
		must(t, err)
		w.check(c)
		c.Release()
		must(t, w.store.Delete(t.Context(), id))
	})
}
