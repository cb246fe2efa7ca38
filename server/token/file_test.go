// SPDX-License-Identifier: MIT

package token

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// FuzzDecode feeds whatever a file may hold: what is taken is valid, and is written
// so that it is read as the same.
func FuzzDecode(f *testing.F) {
	t, _ := mint("alice", time.Now())
	t.Expires = time.Now().Add(time.Hour).UTC()
	good, err := encode([]Token{t})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		string(good), "", "{}", `{"version":1,"tokens":[]}`, `{"version":1,"tokens":null}`, `{"version":1,"tokens":[{}]}`,
		strings.ReplaceAll(string(good), "alice", ""), string(good) + string(good), "[1]", "\xff",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		tokens, err := decode(data)
		if err != nil {
			return
		}
		for i := range tokens {
			if err := tokens[i].validate(); err != nil {
				t.Fatalf("%q was taken: %v", data, err)
			}
		}
		again, err := encode(tokens)
		if err != nil {
			t.Skip(err) // a year that cannot be written
		}
		read, err := decode(again)
		if err != nil || len(read) != len(tokens) {
			t.Fatalf("%q was written as %q, which is not read: %v", data, again, err)
		}
		if twice, err := encode(read); err != nil || !bytes.Equal(again, twice) {
			t.Fatalf("%q was written as %q, and then as %q, %v", data, again, twice, err)
		}
	})
}

// FuzzParse feeds whatever may come as a token.
func FuzzParse(f *testing.F) {
	_, text := mint("alice", time.Now())
	f.Add(text)
	f.Add("sbx__")
	f.Add(text[:len(text)-1] + "_")
	f.Fuzz(func(t *testing.T, text string) {
		if id, secret, ok := parse(text); ok && (len(id) != 2*idBytes || len(secret) != secretBytes) {
			t.Fatalf("%q is taken for %q, %x", text, id, secret)
		}
	})
}
