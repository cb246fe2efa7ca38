// SPDX-License-Identifier: MIT

package fsguard

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Digest returns the SHA-256 of all that the mask layers are a function of. It
// is computed on each call.
func (p *Plan) Digest() (digest [32]byte) {
	d := digester{Hash: sha256.New(), buf: make([]byte, 0, digestBuffer)}
	// Each list is preceded by its length and each string by its own, so that
	// no two plans look alike.
	d.string("mask 2")
	d.strings(p.Hidden)
	d.strings(p.Missing)
	d.entries(p.Placeholders)
	d.entries(p.Dirs)
	d.entries(p.Facade)
	d.Write(d.buf)
	d.Sum(digest[:0])
	return digest
}

// digestBuffer is how much is hashed at once.
const digestBuffer = 32 << 10

type digester struct {
	hash.Hash
	buf []byte // not hashed yet
}

func (d *digester) strings(list []string) {
	d.number(int64(len(list)))
	for _, s := range list {
		d.string(s)
	}
}

func (d *digester) entries(list []tree.Entry) {
	d.number(int64(len(list)))
	for i := range list {
		e := &list[i]
		d.string(e.Path)
		d.number(int64(e.Mode))
		d.number(e.ModTime)
		if !e.Mode.IsDir() {
			d.number(e.Size)
		}
	}
}

func (d *digester) string(s string) {
	d.number(int64(len(s)))
	d.buf = append(d.buf, s...)
}

func (d *digester) number(n int64) {
	if len(d.buf) > digestBuffer-binary.MaxVarintLen64 {
		d.Write(d.buf)
		d.buf = d.buf[:0]
	}
	d.buf = binary.AppendVarint(d.buf, n)
}
