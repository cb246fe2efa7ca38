// SPDX-License-Identifier: MIT

package tarfile

import (
	"bytes"
	"strconv"
	"strings"
)

const blockSize = 512

// block is a header on disk. See tar(5) for its fields.
type block [blockSize]byte

// field is a part of a block.
type field struct{ from, to int }

var (
	fieldName   = field{0, 100}
	fieldMode   = field{100, 108}
	fieldUID    = field{108, 116}
	fieldGID    = field{116, 124}
	fieldSize   = field{124, 136}
	fieldTime   = field{136, 148}
	fieldSum    = field{148, 156}
	fieldLink   = field{157, 257}
	fieldMagic  = field{257, 265}
	fieldPrefix = field{345, 500}
	// star(1) has times after a shorter prefix.
	fieldStarPrefix  = field{345, 476}
	fieldStarTrailer = field{508, 512}
)

const (
	offsetType = 156
	magicPOSIX = "ustar\x0000"
	magicStar  = "tar\x00"
)

func (b *block) bytes(f field) []byte { return b[f.from:f.to] }

// string is a field up to its first zero byte, if any.
func (b *block) string(f field) string {
	s, _, _ := bytes.Cut(b.bytes(f), []byte{0})
	return string(s)
}

// name is that of the entry, of which a POSIX header may have the beginning
// elsewhere.
func (b *block) name() string {
	name := b.string(fieldName)
	if strings.HasPrefix(magicPOSIX, string(b[fieldMagic.from:fieldMagic.from+6])) {
		f := fieldPrefix
		if string(b.bytes(fieldStarTrailer)) == magicStar {
			f = fieldStarPrefix
		}
		if prefix := b.string(f); prefix != "" {
			return prefix + "/" + name
		}
	}
	return name
}

// number is a field in octal digits, or in GNU's binary form.
func (b *block) number(f field) (int64, error) {
	s := b.bytes(f)
	if s[0]&0x80 != 0 {
		return binaryNumber(s)
	}
	digits := strings.Trim(string(s), " \x00")
	if digits == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(digits, 8, 64)
	if err != nil || n < 0 {
		return 0, ErrFormat
	}
	return n, nil
}

// binaryNumber is one in two's complement, whose first bit is but a mark.
func binaryNumber(s []byte) (int64, error) {
	negative := s[0]&0x40 != 0
	var n int64
	for i, c := range s {
		if i == 0 {
			c &= 0x7f
			if negative {
				c |= 0x80
				n = -1
			}
		}
		if top := n >> 55; top != 0 && top != -1 {
			return 0, ErrFormat
		}
		n = n<<8 | int64(c)
	}
	return n, nil
}

// sum is the checksum, for which its own field counts as blanks. Old programs
// took bytes for signed.
func (b *block) sum() (unsigned, signed int64) {
	for i, c := range b {
		if i >= fieldSum.from && i < fieldSum.to {
			c = ' '
		}
		unsigned += int64(c)
		signed += int64(int8(c))
	}
	return unsigned, signed
}

func (b *block) valid() bool {
	want, err := b.number(fieldSum)
	unsigned, signed := b.sum()
	return err == nil && (want == unsigned || want == signed)
}
