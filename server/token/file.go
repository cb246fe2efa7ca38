// SPDX-License-Identifier: MIT

package token

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// version is that of the file's form.
const version = 1

// maxFile is how large a file can be that is one of tokens: a hundred thousand.
const maxFile = 32 << 20

type file struct {
	Version int     `json:"version"`
	Tokens  []Token `json:"tokens"`
}

// decode reads a file. It has nothing that is not understood, nor anything twice.
func decode(data []byte) ([]Token, error) {
	var f file
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("there is something after the end")
	}
	if f.Version != version {
		return nil, fmt.Errorf("it is of version %d, not %d", f.Version, version)
	}
	seen := make(map[string]bool, len(f.Tokens))
	for i := range f.Tokens {
		t := &f.Tokens[i]
		if err := t.validate(); err != nil {
			return nil, err
		}
		if seen[t.ID] {
			return nil, fmt.Errorf("token %s is there twice", t.ID)
		}
		seen[t.ID] = true
	}
	return f.Tokens, nil
}

func encode(tokens []Token) ([]byte, error) {
	if tokens == nil {
		tokens = []Token{}
	}
	data, err := json.MarshalIndent(file{Version: version, Tokens: tokens}, "", "  ")
	return append(data, '\n'), err
}

// without drops the tokens that have ceased to be one some time ago.
func without(tokens []Token, before time.Time) []Token {
	var left []Token
	for _, t := range tokens {
		if !t.Expired(before) {
			left = append(left, t)
		}
	}
	return left
}
