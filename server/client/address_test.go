// SPDX-License-Identifier: MIT

package client

import (
	"errors"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox"
)

func TestAddresses(t *testing.T) {
	for address, want := range map[string]string{
		"localhost:9000": "http://localhost:9000", "127.0.0.1:9000": "http://127.0.0.1:9000", "[::1]:9000": "http://[::1]:9000",
		"example.com:9000": "https://example.com:9000", "http://example.com": "http://example.com", "https://example.com/base/": "https://example.com/base/",
		"unix:/run/s": "http://localhost /run/s", "unix:///run/s": "http://localhost /run/s",
		"": "", "localhost": "", "ftp://x:1": "", "http://": "", "unix:": "", "http://a b": "", "://": "",
	} {
		base, socket, err := parse(address)
		got := ""
		if err == nil {
			got = strings.TrimSpace(base.String() + " " + socket)
		} else if !errors.Is(err, sandbox.ErrInvalid) {
			t.Errorf("%q: %v", address, err)
		}
		if got != want {
			t.Errorf("%q is %q, want %q (%v)", address, got, want, err)
		}
	}
}

// TestTokenInTheClear has a token for a server that is reached without TLS.
func TestTokenInTheClear(t *testing.T) {
	if _, err := Dial("http://example.com:9000", WithToken("x")); !errors.Is(err, sandbox.ErrInvalid) {
		t.Errorf("got %v", err)
	}
	for _, address := range []string{"http://localhost:9000", "https://example.com", "example.com:1", "unix:/run/x"} {
		c, err := Dial(address, WithToken("x"))
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		_ = c.Close()
	}
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{"localhost:9000", "unix:/x", "http://[::1]:9000/x?y#z", "a:b:c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, address string) {
		base, socket, err := parse(address)
		if err == nil && (base.Host == "" || base.Scheme != "http" && base.Scheme != "https") {
			t.Errorf("%q is %v %q", address, base, socket)
		}
	})
}
