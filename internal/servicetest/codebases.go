// SPDX-License-Identifier: MIT

package servicetest

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/sandbox-rls/sandbox"
)

func names(files []sandbox.FileInfo) (all []string) {
	for _, f := range files {
		all = append(all, f.Path)
	}
	return all
}

func testCodebases(w *world) {
	c := w.codebase(nil)
	if c.ID == "" || c.Name != "test" || c.OwnerID != "owner" || c.Created.IsZero() || c.Size != 0 || c.FileCount != 0 {
		w.Errorf("created: %+v", c)
	}
	content := strings.Repeat("x", 200_000)
	then := time.Unix(1_600_000_000, 0)
	r, err := w.svc.UploadFile(w.ctx, c.ID, "dir/big", strings.NewReader(content), sandbox.UploadOptions{Mode: 0o755, ModTime: then, Size: int64(len(content))})
	w.must(err)
	sum := sha256.Sum256([]byte(content))
	if r.CodebaseID != c.ID || r.Path != "/dir/big" || r.Size != int64(len(content)) || r.Checksum != hex.EncodeToString(sum[:]) {
		w.Errorf("uploaded: %+v", r)
	}
	w.upload(c.ID, "/empty", "")
	w.upload(c.ID, "dir/sub/c", "12")
	if got, err := w.svc.GetCodebase(w.ctx, c.ID); err != nil || got.Size != int64(len(content)+2) || got.FileCount != 3 || got.Updated.Before(c.Created) {
		w.Errorf("got %+v, %v", got, err)
	}
	if got := w.download(c.ID, "dir/big"); got != content {
		w.Errorf("downloaded %d bytes", len(got))
	}
	if got := w.download(c.ID, "/empty"); got != "" {
		w.Errorf("downloaded %q", got)
	}
	files, err := w.svc.ListFiles(w.ctx, c.ID, "", false)
	w.must(err)
	if got := names(files); !slices.Equal(got, []string{"/dir", "/empty"}) || !files[0].IsDir || files[1].IsDir {
		w.Errorf("listed %+v", files)
	}
	files, err = w.svc.ListFiles(w.ctx, c.ID, "dir", true)
	w.must(err)
	if got := names(files); !slices.Equal(got, []string{"/dir/big", "/dir/sub", "/dir/sub/c"}) || files[0].Size != int64(len(content)) || files[0].Mode.Perm() != 0o755 || !files[0].ModTime.Equal(then) {
		w.Errorf("listed %+v", files)
	}
	_, err = w.svc.ListFiles(w.ctx, c.ID, "none", false)
	w.want("a directory that is not there", err, fs.ErrNotExist)
	_, err = w.svc.DownloadFile(w.ctx, c.ID, "none")
	w.want("a file that is not there", err, fs.ErrNotExist)
	_, err = w.svc.UploadFile(w.ctx, c.ID, "short", strings.NewReader("12"), sandbox.UploadOptions{Size: 3})
	w.want("a file that is too short", err, sandbox.ErrInvalid)
	_, err = w.svc.UploadFile(w.ctx, c.ID, "dir", strings.NewReader(""), sandbox.UploadOptions{})
	w.want("a file in the place of a directory", err, sandbox.ErrInvalid)
	_, err = w.svc.DownloadFile(w.ctx, c.ID, "short")
	w.want("half a file", err, fs.ErrNotExist)
}

func testPaths(w *world) {
	c := w.codebase(nil)
	for _, name := range []string{"", "/", "..", "../a", "a/../../b", "a/../b", "a\x00b", strings.Repeat("n", 256), "a/" + strings.Repeat("d/", 2100) + "f"} {
		_, err := w.svc.UploadFile(w.ctx, c.ID, name, strings.NewReader("x"), sandbox.UploadOptions{})
		w.want("upload of "+shorten(name), err, sandbox.ErrInvalid)
		if name != "" && name != "/" {
			_, err = w.svc.ListFiles(w.ctx, c.ID, name, false)
			w.want("list of "+shorten(name), err, sandbox.ErrInvalid)
		}
	}
	for _, name := range []string{"a//b", "./c", "/d", "e\n f", ".wh.x", "…"} {
		w.upload(c.ID, name, name)
		if got := w.download(c.ID, name); got != name {
			w.Errorf("%q holds %q", name, got)
		}
	}
}

func shorten(s string) string { return s[:min(len(s), 20)] }

func testArchives(w *world) {
	c := w.codebase(map[string]string{"kept": "1"})
	var archive bytes.Buffer
	tw := tar.NewWriter(&archive)
	then := time.Unix(1_600_000_000, 0)
	for _, h := range []tar.Header{
		{Name: "dir/", Typeflag: tar.TypeDir, Mode: 0o750, ModTime: then},
		{Name: "dir/file", Typeflag: tar.TypeReg, Mode: 0o755, ModTime: then, Size: 4},
		{Name: "dir/link", Typeflag: tar.TypeSymlink, Linkname: "../../etc/passwd"},
		{Name: "hard", Typeflag: tar.TypeLink, Linkname: "dir/file"},
	} {
		w.must(tw.WriteHeader(&h))
		if h.Size > 0 {
			_, err := tw.Write([]byte("abcd"))
			w.must(err)
		}
	}
	w.must(tw.Close())
	for range 2 {
		got, err := w.svc.ImportTar(w.ctx, c.ID, bytes.NewReader(archive.Bytes()))
		w.must(err)
		if got.FileCount != 3 || got.Size != 9 {
			w.Errorf("imported: %+v", got)
		}
	}
	if got := w.download(c.ID, "hard"); got != "abcd" {
		w.Errorf("a hard link holds %q", got)
	}
	id := w.start(c.ID)
	if got := w.run(id, "cat kept dir/file; readlink dir/link; stat -c %a dir/file"); got != "1abcd../../etc/passwd\n755\n" {
		w.Errorf("in a sandbox: %q", got)
	}
	var out bytes.Buffer
	w.must(w.svc.ExportTar(w.ctx, c.ID, &out))
	var got []string
	for tr := tar.NewReader(&out); ; {
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		w.must(err)
		if name := strings.Trim(h.Name, "./"); name != "" {
			got = append(got, name)
		}
	}
	if want := []string{"dir", "dir/file", "dir/link", "hard", "kept"}; !slices.Equal(got, want) {
		w.Errorf("exported %q", got)
	}
	for name, bad := range map[string][]byte{"half": archive.Bytes()[:archive.Len()/2], "none": []byte(strings.Repeat("no archive", 100))} {
		_, err := w.svc.ImportTar(w.ctx, c.ID, bytes.NewReader(bad))
		if err == nil {
			w.Errorf("%s an archive was taken", name)
		}
	}
	var evil bytes.Buffer
	tw = tar.NewWriter(&evil)
	w.must(tw.WriteHeader(&tar.Header{Name: "good", Typeflag: tar.TypeReg}))
	w.must(tw.WriteHeader(&tar.Header{Name: "../evil", Typeflag: tar.TypeReg}))
	w.must(tw.Close())
	_, err := w.svc.ImportTar(w.ctx, c.ID, &evil)
	w.want("an archive that leads out", err, sandbox.ErrInvalid)
	_, err = w.svc.DownloadFile(w.ctx, c.ID, "good")
	w.want("half an archive", err, fs.ErrNotExist)
}

// testWriters is about who sees what of what whom wrote.
func testWriters(w *world) {
	c := w.codebase(map[string]string{"a": "0", "secret/s": "0"})
	one, two := w.start(c.ID), w.start(c.ID)
	w.run(one, "echo one > a; echo one > b")
	w.run(two, "echo two > a")
	if got := w.run(one, "cat a") + w.run(two, "cat a; ls b 2>&1 || true"); !strings.HasPrefix(got, "one\ntwo\nls: ") {
		w.Errorf("they see of one another: %q", got)
	}
	if got := w.download(c.ID, "a") + w.download(c.ID, "b"); got != "two\none\n" {
		w.Errorf("the codebase shows %q", got)
	}
	for i := range 50 { // some of these pairs fall into one tick of the file system's clock
		w.run(one, "echo one > tick")
		w.run(two, "echo two > tick")
		if got := w.download(c.ID, "tick"); got != "two\n" {
			w.Fatalf("in round %d the codebase shows %q", i, got)
		}
	}
	w.upload(c.ID, "up", "loaded")
	w.upload(c.ID, "secret/up", "hidden")
	for _, id := range []string{one, two} {
		if got := w.run(id, "cat up; ls secret 2>/dev/null || true"); got != "loaded" {
			w.Errorf("of an upload a sandbox sees %q", got)
		}
	}
	w.must(w.svc.DestroySandbox(w.ctx, one))
	three := w.start(c.ID)
	if got := w.run(three, "cat a b up"); got != "one\none\nloaded" {
		w.Errorf("a later sandbox sees %q", got)
	}
	if got := w.download(c.ID, "a"); got != "two\n" {
		w.Errorf("the codebase shows %q", got)
	}
	w.must(w.svc.DestroySandbox(w.ctx, two))
	w.must(w.svc.DestroySandbox(w.ctx, three))
	if got := w.download(c.ID, "a") + w.download(c.ID, "secret/s"); got != "two\n0" {
		w.Errorf("in the end the codebase has %q", got)
	}
}
