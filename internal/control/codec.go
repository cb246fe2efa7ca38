// SPDX-License-Identifier: MIT

package control

import (
	"encoding/binary"
	"errors"
)

// ErrMalformed is the answer to a message that does not parse. The peer may be
// hostile, so that nothing more is said of where it went wrong.
var ErrMalformed = errors.New("malformed control message")

// maxList bounds the number of strings in a list, so that a length that lies
// cannot make the reader allocate.
const maxList = 1 << 17

// encoder appends fields to a message.
type encoder struct {
	buf  []byte
	long bool // a list is longer than a reader takes
}

func (e *encoder) uint(v uint64)   { e.buf = binary.AppendUvarint(e.buf, v) }
func (e *encoder) int(v int64)     { e.buf = binary.AppendVarint(e.buf, v) }
func (e *encoder) bytes(b []byte)  { e.uint(uint64(len(b))); e.buf = append(e.buf, b...) }
func (e *encoder) string(s string) { e.uint(uint64(len(s))); e.buf = append(e.buf, s...) }
func (e *encoder) list(ss []string) {
	e.uint(uint64(len(ss)))
	e.long = e.long || len(ss) > maxList
	for _, s := range ss {
		e.string(s)
	}
}

func (e *encoder) bool(b bool) {
	v := uint64(0)
	if b {
		v = 1
	}
	e.uint(v)
}

// decoder takes fields from a message. The first failure sticks, and every
// later field is zero.
type decoder struct {
	buf []byte
	bad bool
}

func (d *decoder) fail() {
	d.bad = true
	d.buf = nil
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.buf)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.buf = d.buf[n:]
	return v
}

func (d *decoder) int() int64 {
	v, n := binary.Varint(d.buf)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.buf = d.buf[n:]
	return v
}

func (d *decoder) bytes() []byte {
	n := d.uint()
	if n > uint64(len(d.buf)) {
		d.fail()
		return nil
	}
	b := d.buf[:n:n]
	d.buf = d.buf[n:]
	return b
}

func (d *decoder) string() string { return string(d.bytes()) }
func (d *decoder) bool() bool     { return d.uint() != 0 }

func (d *decoder) list() []string {
	n := d.uint()
	// Each string takes a byte at least.
	if n > maxList || n > uint64(len(d.buf)) {
		d.fail()
		return nil
	}
	ss := make([]string, 0, n)
	for range n {
		ss = append(ss, d.string())
	}
	return ss
}

// end reports whether the message parsed and nothing is left of it.
func (d *decoder) end() error {
	if d.bad || len(d.buf) != 0 {
		return ErrMalformed
	}
	return nil
}
