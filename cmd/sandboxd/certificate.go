// SPDX-License-Identifier: MIT

package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
)

// certificates are those that the server shows, and whom it lets in by theirs.
type certificates struct {
	cert, key, clientCA string
	now                 atomic.Pointer[tls.Config]
}

// loadCertificates reads what the settings name. It is nil where that is nothing.
func loadCertificates(s *settings) (*certificates, error) {
	if s.tlsCert == "" {
		return nil, nil
	}
	c := &certificates{cert: s.tlsCert, key: s.tlsKey, clientCA: s.tlsClientCA}
	return c, c.reload()
}

// reload reads the files again. If something is wrong with one, all stays as it was.
func (c *certificates) reload() error {
	cert, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return fmt.Errorf("reading the certificate: %w", err)
	}
	cfg := &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{cert},
		NextProtos:   []string{"h2", "http/1.1"},
	}
	if c.clientCA != "" {
		pem, err := os.ReadFile(c.clientCA)
		if err != nil {
			return fmt.Errorf("reading the clients' issuers: %w", err)
		}
		cfg.ClientCAs = x509.NewCertPool()
		if !cfg.ClientCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("reading the clients' issuers: %s: %w", c.clientCA, errors.New("no certificate in it"))
		}
		cfg.ClientAuth = tls.RequireAndVerifyClientCert
	}
	c.now.Store(cfg)
	return nil
}

// config is what a listener takes: each connection gets what is valid then.
func (c *certificates) config() *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		NextProtos:         []string{"h2", "http/1.1"},
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return c.now.Load(), nil },
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return &c.now.Load().Certificates[0], nil
		},
	}
}
