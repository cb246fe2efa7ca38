// SPDX-License-Identifier: MIT

package fsguard

import (
	"crypto/sha256"
	"encoding/binary"
)

// Digest returns the SHA-256 of the rules in a form that leaves out what
// changes no level: slashes around patterns, and the order of rules that their
// priority or their patterns order already. Policies with equal digests give
// equal levels.
func (p *Policy) Digest() [sha256.Size]byte {
	b := []byte("fsguard rules 1\n")
	for i := range p.rules {
		r := &p.rules[i]
		b = append(b, byte(r.rule.Type), byte(r.rule.Permission))
		b = binary.AppendVarint(b, int64(r.rule.Priority))
		b = binary.AppendUvarint(b, uint64(len(r.norm)))
		b = append(b, r.norm...)
	}
	return sha256.Sum256(b)
}
