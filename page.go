// SPDX-License-Identifier: MIT

package sandbox

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// newID returns an id that cannot be guessed. Those that are made later come
// later in order, as long as the clock goes forward.
func newID(kind string) (string, error) {
	var b [18]byte // 48 bits of milliseconds, 80 that are random
	binary.BigEndian.PutUint64(b[:], uint64(time.Now().UnixMilli()))
	if _, err := rand.Read(b[8:]); err != nil {
		return "", err
	}
	return kind + "_" + hex.EncodeToString(b[2:]), nil
}

// pageOf reads what a request says of its page: after which id it begins, and how
// long it is.
func pageOf(token string, size int) (after string, n int, err error) {
	id, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(id) > 64 {
		return "", 0, invalidf("page token %q is not one of a page before", shorten(token, 40))
	}
	switch {
	case size < 0:
		return "", 0, invalidf("a page of %d", size)
	case size == 0:
		size = DefaultPageSize
	}
	return string(id), min(size, MaxPageSize), nil
}

// tokenOf is the token of the page after the one that ends with an id.
func tokenOf(id string) string { return base64.RawURLEncoding.EncodeToString([]byte(id)) }
