// SPDX-License-Identifier: MIT

//go:build linux

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// authority issues certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	a := &authority{cert, key, filepath.Join(t.TempDir(), "ca.pem")}
	writePEM(t, a.file, "CERTIFICATE", der)
	return a
}

// issue makes a certificate for a name, and for this machine, for servers and clients.
func (a *authority) issue(t *testing.T, name string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a.cert, &key.PublicKey, a.key)
	must(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writePEM(t, certFile, "CERTIFICATE", der)
	writePEM(t, keyFile, "PRIVATE KEY", private)
	return certFile, keyFile
}

func writePEM(t *testing.T, path, kind string, der []byte) {
	t.Helper()
	must(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}

// trust is what a client has that trusts the authority.
func (a *authority) trust() *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return &tls.Config{RootCAs: pool}
}

// subject is whose certificate a server shows.
func subject(t *testing.T, d *daemon) string {
	t.Helper()
	conn, err := tls.Dial("tcp", d.address, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	must(t, err)
	defer conn.Close()
	if got := conn.ConnectionState().NegotiatedProtocol; got != "h2" {
		t.Errorf("the protocol is %q", got)
	}
	return conn.ConnectionState().PeerCertificates[0].Subject.CommonName
}

func TestTLS(t *testing.T) {
	a := newAuthority(t)
	cert, key := a.issue(t, "first")
	d := start(t, "--tls-cert", cert, "--tls-key", key)
	if d.alive() == nil {
		t.Error("it takes calls without TLS")
	}
	d.tls = a.trust()
	must(t, d.alive())
	if res, err := d.http(false).Get(d.url() + "/healthz"); err != nil || res.StatusCode != 200 || res.TLS == nil {
		t.Errorf("by HTTP/1.1: %v, %v", res, err)
	} else {
		res.Body.Close()
	}
	if got := subject(t, d); got != "first" {
		t.Errorf("the certificate is %q's", got)
	}

	// One that is broken changes nothing.
	must(t, os.WriteFile(cert, []byte("broken"), 0o600))
	d.signal(syscall.SIGHUP)
	eventually(t, "it says so", func() bool { return contains(d.log, "the certificate stays the one that it was") })
	if got := subject(t, d); got != "first" {
		t.Errorf("the certificate is %q's", got)
	}
	newCert, newKey := a.issue(t, "second")
	must(t, os.Rename(newKey, key))
	must(t, os.Rename(newCert, cert))
	d.signal(syscall.SIGHUP)
	eventually(t, "the certificate is another", func() bool { return subject(t, d) == "second" })
	must(t, d.alive())
}

func TestClientCertificates(t *testing.T) {
	a, stranger := newAuthority(t), newAuthority(t)
	cert, key := a.issue(t, "localhost")
	d := start(t, "--tls-cert", cert, "--tls-key", key, "--tls-client-ca", a.file)
	d.tls = a.trust()
	if d.alive() == nil {
		t.Error("it lets a client in without a certificate")
	}
	for _, issuer := range []*authority{stranger, a} {
		pair, err := tls.LoadX509KeyPair(issuer.issue(t, "client"))
		must(t, err)
		d.tls = a.trust()
		d.tls.Certificates = []tls.Certificate{pair}
		if err := d.alive(); (err == nil) != (issuer == a) {
			t.Errorf("with a certificate of its own issuer %v: %v", issuer == a, err)
		}
	}
}
