// SPDX-License-Identifier: MIT

package spool_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/sandbox-rls/sandbox/internal/spool"
)

func TestSpool(t *testing.T) {
	t.Parallel()
	for name, sizes := range map[string][]int{
		"nothing": nil, "empty": {0}, "small": {1, 2, 3}, "all of the memory": {spool.Memory - 1, 1},
		"one more": {spool.Memory, 1, 1}, "large, then small": {spool.Memory + 1, 1, 0, 5}, "small, then large": {1, 3 * spool.Memory, 7},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := spool.New(dir)
			var want []byte
			for i, size := range sizes {
				part := bytes.Repeat([]byte{byte('a' + i)}, size)
				want = append(want, part...)
				if n, err := s.Write(part); n != size || err != nil {
					t.Fatalf("%d bytes: wrote %d, %v", size, n, err)
				}
			}
			for range 2 {
				var got bytes.Buffer
				if n, err := s.WriteTo(&got); n != int64(len(want)) || err != nil || !bytes.Equal(got.Bytes(), want) {
					t.Errorf("of %d bytes %d come back, %v", len(want), n, err)
				}
			}
			if names, err := os.ReadDir(dir); len(names) > 0 || err != nil {
				t.Errorf("there are %v, %v", names, err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSpoolErrors(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing")
	s := spool.New(missing)
	if _, err := s.Write([]byte("x")); err != nil {
		t.Error(err)
	}
	if _, err := s.Write(make([]byte, spool.Memory)); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("got %v", err)
	}
	var got bytes.Buffer
	if n, err := s.WriteTo(iotest.TruncateWriter(&got, 0)); n != 1 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
