// SPDX-License-Identifier: MIT

package client

import (
	"bytes"
	"errors"
	"io"
	"syscall"
	"testing"
)

// TestHeldIsBounded holds as much as may be held, and one byte more.
func TestHeldIsBounded(t *testing.T) {
	for size, want := range map[int]error{0: nil, 99: nil, 100: nil, 101: syscall.EFBIG, 1000: syscall.EFBIG} {
		h := held{most: 100}
		_, err := io.CopyBuffer(&h, struct{ io.Reader }{bytes.NewReader(make([]byte, size))}, make([]byte, 30))
		if !errors.Is(err, want) || len(h.bytes) > 100 || want == nil && len(h.bytes) != size {
			t.Errorf("%d bytes: %d are held, %v", size, len(h.bytes), err)
		}
	}
}
