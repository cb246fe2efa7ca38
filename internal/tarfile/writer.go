// SPDX-License-Identifier: MIT

package tarfile

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// maxOctal is the largest number of eleven octal digits.
const maxOctal = 1<<33 - 1

// Writer writes an archive, with extended headers where the plain ones do not
// suffice.
type Writer struct {
	w    io.Writer
	left int64
	pad  int64
}

// NewWriter writes an archive to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

var errLength = errors.New("content is not as long as its header says")

// WriteHeader begins an entry. As many bytes as its Size says have to be written
// after it.
func (w *Writer) WriteHeader(h *Header) error {
	if err := w.finish(); err != nil {
		return err
	}
	var pax strings.Builder
	if !plain(h.Name) {
		pax.WriteString(paxRecord("path", h.Name))
	}
	if !plain(h.Link) {
		pax.WriteString(paxRecord("linkpath", h.Link))
	}
	if h.Size > maxOctal {
		pax.WriteString(paxRecord("size", fmt.Sprint(h.Size)))
	}
	seconds := h.ModTime / int64(time.Second)
	if h.ModTime < 0 || h.ModTime%int64(time.Second) != 0 || seconds > maxOctal {
		pax.WriteString(paxRecord("mtime", formatTime(h.ModTime)))
	}
	if text := pax.String(); text != "" {
		if err := w.header(&Header{Type: typePax, Name: "PaxHeaders/entry", Mode: 0o644, Size: int64(len(text))}); err != nil {
			return err
		}
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
		if err := w.finish(); err != nil {
			return err
		}
	}
	return w.header(h)
}

// plain reports whether a string fits into its field as it is.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return len(s) <= fieldName.to-fieldName.from
}

func (w *Writer) header(h *Header) error {
	var b block
	copy(b.bytes(fieldName), h.Name)
	copy(b.bytes(fieldLink), h.Link)
	copy(b.bytes(fieldMagic), magicPOSIX)
	b[offsetType] = byte(h.Type)
	octal := func(f field, n int64) {
		if n < 0 || n > maxOctal {
			n = 0 // the extended header has it
		}
		copy(b.bytes(f), fmt.Sprintf("%0*o", f.to-f.from-1, n))
	}
	octal(fieldMode, int64(h.Mode))
	octal(fieldUID, 0)
	octal(fieldGID, 0)
	octal(fieldSize, h.Size)
	octal(fieldTime, h.ModTime/int64(time.Second))
	sum, _ := b.sum()
	copy(b.bytes(fieldSum), fmt.Sprintf("%06o\x00 ", sum))
	w.left, w.pad = h.Size, padding(h.Size)
	_, err := w.w.Write(b[:])
	return err
}

// Write writes content of the entry.
func (w *Writer) Write(b []byte) (int, error) {
	if int64(len(b)) > w.left {
		return 0, errLength
	}
	n, err := w.w.Write(b)
	w.left -= int64(n)
	return n, err
}

// finish ends an entry.
func (w *Writer) finish() error {
	if w.left > 0 {
		return errLength
	}
	_, err := w.w.Write(make([]byte, w.pad))
	w.pad = 0
	return err
}

// Close ends the archive. The stream is left open.
func (w *Writer) Close() error {
	if err := w.finish(); err != nil {
		return err
	}
	_, err := w.w.Write(make([]byte, 2*blockSize))
	return err
}
