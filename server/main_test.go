// SPDX-License-Identifier: MIT

//go:build linux

package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/internal/leaktest"
	"github.com/sandbox-rls/sandbox/server"
	"github.com/sandbox-rls/sandbox/server/client"
)

// TestMain looks, after all tests, for goroutines that outlive them.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		if err := leaktest.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// must stops the test on an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func manager(t testing.TB) *sandbox.Manager {
	t.Helper()
	m, err := sandbox.NewManager(sandbox.Config{StateDir: t.TempDir()})
	must(t, err)
	t.Cleanup(func() { must(t, m.Close()) })
	return m
}

// serve serves a service on a port of its own.
func serve(t testing.TB, svc sandbox.Service, opts ...server.Option) *httptest.Server {
	t.Helper()
	h, err := server.New(svc, opts...)
	must(t, err)
	s := httptest.NewUnstartedServer(h)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func dial(t testing.TB, address string, opts ...client.Option) *client.Client {
	t.Helper()
	c, err := client.Dial(address, opts...)
	must(t, err)
	t.Cleanup(func() { must(t, c.Close()) })
	return c
}
