// SPDX-License-Identifier: MIT

//go:build linux

package main

import (
	"crypto/tls"
	"net/http"
	"os"
	"syscall"
	"testing"
)

// TestIssuerTakenBack takes the clients' issuer back: whoever has been let in by a
// certificate of its is not, also when the TLS session is to go on.
func TestIssuerTakenBack(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	cert, key := a.issue(t, "localhost")
	d := start(t, "--tls-cert", cert, "--tls-key", key, "--tls-client-ca", a.file)
	pair, err := tls.LoadX509KeyPair(a.issue(t, "client"))
	must(t, err)
	trust := a.trust()
	trust.Certificates = []tls.Certificate{pair}
	trust.ClientSessionCache = tls.NewLRUClientSessionCache(8)
	healthy := func() error {
		tr := &http.Transport{TLSClientConfig: trust.Clone(), DisableKeepAlives: true}
		defer tr.CloseIdleConnections()
		res, err := (&http.Client{Transport: tr}).Get("https://" + d.address + "/healthz")
		if err == nil {
			res.Body.Close()
		}
		return err
	}
	for range 2 {
		must(t, healthy())
	}
	data, err := os.ReadFile(other.file)
	must(t, err)
	must(t, os.WriteFile(a.file, data, 0o600))
	d.signal(syscall.SIGHUP)
	eventually(t, "it says so", func() bool { return contains(d.log, "the certificate was read again") })
	for range 2 {
		if healthy() == nil {
			t.Error("it lets a client of the old issuer in")
		}
	}
}
