// SPDX-License-Identifier: MIT

package tarfile

import (
	"io"
	"strings"
)

// maxExtended bounds the extended header of one entry, in bytes.
const maxExtended = 1 << 20

// The types of what describes the next entry, and is none itself.
const (
	typePax      Type = 'x'
	typeGlobal   Type = 'g'
	typeLongName Type = 'L'
	typeLongLink Type = 'K'
	typeSparse   Type = 'S'
	typeOldFile  Type = 0
	typeSlow     Type = '7' // a file, for those that know no better
)

// Reader reads an archive. After Next it yields the content of the entry.
type Reader struct {
	r    io.Reader
	left int64 // of the content
	pad  int64 // after it
	err  error
}

// NewReader reads an archive from r.
func NewReader(r io.Reader) *Reader { return &Reader{r: r} }

// Next goes to the next entry. The end is io.EOF. An archive that ends without
// its mark may have lost entries, and is ErrFormat like others that are broken.
// An error of the stream is passed on, and all errors are final.
func (r *Reader) Next() (*Header, error) {
	if r.err != nil {
		return nil, r.err
	}
	h, err := r.next()
	r.err = err
	return h, err
}

func (r *Reader) next() (*Header, error) {
	var pax paxRecords
	var longName, longLink string
	for {
		if _, err := io.CopyN(io.Discard, r.r, r.left+r.pad); err != nil {
			return nil, broken(err)
		}
		r.left, r.pad = 0, 0
		h, err := r.header()
		if err != nil {
			return nil, err
		}
		switch h.Type {
		case typePax:
			var text string
			if text, err = r.extended(h.Size); err == nil {
				pax, err = parsePax(text)
			}
		case typeLongName:
			longName, err = r.extended(h.Size)
		case typeLongLink:
			longLink, err = r.extended(h.Size)
		case typeGlobal:
			_, err = r.extended(h.Size) // comments
		case typeSparse:
			err = ErrSparse
		default:
			return h, r.complete(h, pax, longName, longLink)
		}
		if err != nil {
			return nil, err
		}
	}
}

// header reads one block.
func (r *Reader) header() (*Header, error) {
	var b block
	if _, err := io.ReadFull(r.r, b[:]); err != nil {
		return nil, broken(err)
	}
	if b == (block{}) {
		return nil, io.EOF
	}
	if !b.valid() {
		return nil, ErrFormat
	}
	mode, err1 := b.number(fieldMode)
	size, err2 := b.number(fieldSize)
	seconds, err3 := b.number(fieldTime)
	if err1 != nil || err2 != nil || err3 != nil || size < 0 {
		return nil, ErrFormat
	}
	return &Header{
		Type: Type(b[offsetType]), Name: b.name(), Link: b.string(fieldLink), Mode: uint32(mode & 0o7777),
		ModTime: nanoseconds(seconds, 0), Size: size,
	}, nil
}

// extended reads the content of what describes the next entry.
func (r *Reader) extended(size int64) (string, error) {
	if size > maxExtended {
		return "", ErrFormat
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(r.r, b); err != nil {
		return "", broken(err)
	}
	r.pad = padding(size)
	return string(b), nil
}

// complete takes account of what came before the header of an entry.
func (r *Reader) complete(h *Header, pax paxRecords, longName, longLink string) error {
	if err := pax.apply(h); err != nil {
		return err
	}
	if name, _, _ := strings.Cut(longName, "\x00"); name != "" {
		h.Name = name
	}
	if link, _, _ := strings.Cut(longLink, "\x00"); link != "" {
		h.Link = link
	}
	switch {
	case h.Type == typeOldFile && strings.HasSuffix(h.Name, "/"):
		h.Type = Directory // as programs before POSIX wrote it
	case h.Type == typeOldFile || h.Type == typeSlow:
		h.Type = File
	}
	if !h.Type.hasContent() {
		h.Size = 0
	}
	r.left, r.pad = h.Size, padding(h.Size)
	return nil
}

// Read reads the content of the entry.
func (r *Reader) Read(b []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	if r.left == 0 {
		return 0, io.EOF
	}
	n, err := r.r.Read(b[:min(int64(len(b)), r.left)])
	r.left -= int64(n)
	if err == io.EOF && r.left == 0 {
		err = nil
	}
	if err != nil {
		r.err = broken(err)
		err = r.err
	}
	return n, err
}

// broken turns an early end into ErrFormat.
func broken(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return ErrFormat
	}
	return err
}

// padding is how many bytes follow content of this size.
func padding(size int64) int64 { return -size & (blockSize - 1) }
