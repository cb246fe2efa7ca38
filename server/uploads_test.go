// SPDX-License-Identifier: MIT

//go:build linux

package server_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server"
	"github.com/sandbox-rls/sandbox/server/client"
)

// TestUploadsAtOnce has an owner make use of all room several times, at once.
func TestUploadsAtOnce(t *testing.T) {
	t.Parallel()
	const bound = 1 << 20
	s := serve(t, manager(t), server.WithAuthenticator(tokens{}), server.WithLimits(server.Limits{BytesPerOwner: bound}))
	alice, bob := dial(t, s.URL, client.WithToken("alice")), dial(t, s.URL, client.WithToken("bob"))
	c, err := alice.CreateCodebase(t.Context(), sandbox.CreateCodebaseRequest{})
	must(t, err)
	const n = 4
	var begun, done sync.WaitGroup
	errs := make([]error, n)
	begun.Add(n)
	for i := range n {
		r, w := io.Pipe()
		done.Go(func() {
			_, errs[i] = alice.UploadFile(t.Context(), c.ID, strconv.Itoa(i), r, sandbox.UploadOptions{})
			r.Close()
		})
		go func() {
			_, _ = w.Write(make([]byte, 300<<10)) // more than a message: the call has begun
			begun.Done()
			begun.Wait()
			_, _ = w.Write(make([]byte, bound/2))
			w.Close()
		}()
	}
	done.Wait()
	for _, err := range errs {
		if err != nil && !errorsIs(err, sandbox.ErrQuotaExceeded) {
			t.Error(err)
		}
	}
	if c, err = alice.GetCodebase(t.Context(), c.ID); err != nil || c.Size > bound {
		t.Errorf("the codebase holds %d bytes, and %d are allowed, %v", c.Size, bound, err)
	}
	// What has failed takes no room, and neither does what is another's.
	left := int(bound - c.Size)
	_, err = alice.UploadFile(t.Context(), c.ID, "rest", strings.NewReader(strings.Repeat("x", left)), sandbox.UploadOptions{})
	must(t, err)
	_, err = alice.UploadFile(t.Context(), c.ID, "more", strings.NewReader("x"), sandbox.UploadOptions{})
	wantKind(t, "more", err, sandbox.ErrQuotaExceeded)
	his, err := bob.CreateCodebase(t.Context(), sandbox.CreateCodebaseRequest{})
	must(t, err)
	_, err = bob.UploadFile(t.Context(), his.ID, "a", strings.NewReader("x"), sandbox.UploadOptions{})
	must(t, err)
}

// TestBrokenReaders uploads from readers that fail: the error is the reader's own, and
// nothing comes of it.
func TestBrokenReaders(t *testing.T) {
	t.Parallel()
	c := dial(t, serve(t, manager(t)).URL)
	cb, err := c.CreateCodebase(t.Context(), sandbox.CreateCodebaseRequest{})
	must(t, err)
	broken := errors.New("the reader is broken")
	from := func() io.Reader { return io.MultiReader(io.LimitReader(zeros{}, 1<<20), failing{broken}) }
	_, file := c.UploadFile(t.Context(), cb.ID, "a", from(), sandbox.UploadOptions{})
	var header bytes.Buffer // of a file that does not come whole: zeros alone are the end of an archive
	must(t, tar.NewWriter(&header).WriteHeader(&tar.Header{Name: "b", Typeflag: tar.TypeReg, Mode: 0o644, Size: 2 << 20}))
	_, archive := c.ImportTar(t.Context(), cb.ID, io.MultiReader(&header, from()))
	for what, err := range map[string]error{"a file": file, "an archive": archive} {
		if !errors.Is(err, broken) || errors.Is(err, sandbox.ErrConnection) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if files, err := c.ListFiles(t.Context(), cb.ID, "", true); err != nil || len(files) > 0 {
		t.Errorf("there is %v, %v", files, err)
	}
}
