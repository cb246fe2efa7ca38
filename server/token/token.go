// SPDX-License-Identifier: MIT

package token

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sandbox-rls/sandbox"
)

// prefix is how a token begins, so that those who look for secrets in the wrong
// places recognise one.
const prefix = "sbx_"

const (
	idBytes     = 6
	secretBytes = 32
	maxOwner    = 128 // bytes, as that of a codebase
)

// Token says of a token what may be known to all who administer the server.
type Token struct {
	// ID names it. It is a part of the token, and no secret.
	ID    string `json:"id"`
	Owner string `json:"owner"`
	// Hash is the SHA-256 of the secret, in hexadecimal.
	Hash    string    `json:"hash"`
	Created time.Time `json:"created"`
	// Expires is when it ceases to be one. Zero: never.
	Expires time.Time `json:"expires,omitzero"`
}

// Expired reports whether it has ceased to be one.
func (t *Token) Expired(now time.Time) bool { return !t.Expires.IsZero() && !now.Before(t.Expires) }

// validate reports what no token of ours can have.
func (t *Token) validate() error {
	if id, err := hex.DecodeString(t.ID); err != nil || len(id) != idBytes {
		return fmt.Errorf("the id %q is none", t.ID)
	}
	if hash, err := hex.DecodeString(t.Hash); err != nil || len(hash) != sha256.Size {
		return fmt.Errorf("token %s: the hash is none", t.ID)
	}
	if err := checkOwner(t.Owner); err != nil {
		return fmt.Errorf("token %s: %w", t.ID, err)
	}
	return nil
}

func checkOwner(owner string) error {
	switch {
	case owner == "":
		return fmt.Errorf("%w: no owner", sandbox.ErrInvalid)
	case len(owner) > maxOwner, !utf8.ValidString(owner), strings.ContainsFunc(owner, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return fmt.Errorf("%w: an owner is up to %d bytes of text in one line", sandbox.ErrInvalid, maxOwner)
	}
	return nil
}

// mint makes a token and what is kept of it.
func mint(owner string, now time.Time) (Token, string) {
	var id [idBytes]byte
	var secret [secretBytes]byte
	_, _ = rand.Read(id[:]) // never fails
	_, _ = rand.Read(secret[:])
	t := Token{ID: hex.EncodeToString(id[:]), Owner: owner, Created: now.UTC().Truncate(time.Second)}
	text := prefix + t.ID + "_" + base64.RawURLEncoding.EncodeToString(secret[:])
	t.Hash = hex.EncodeToString(hash(secret[:]))
	return t, text
}

func hash(secret []byte) []byte {
	sum := sha256.Sum256(secret)
	return sum[:]
}

// parse takes a token apart.
func parse(text string) (id string, secret []byte, ok bool) {
	rest, ok := strings.CutPrefix(text, prefix)
	if !ok {
		return "", nil, false
	}
	id, encoded, ok := strings.Cut(rest, "_")
	if !ok || len(id) != 2*idBytes || len(encoded) != base64.RawURLEncoding.EncodedLen(secretBytes) {
		return "", nil, false
	}
	secret, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	return id, secret, err == nil && len(secret) == secretBytes
}
