// SPDX-License-Identifier: MIT

package client_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/client"
)

// TestRedirect has a server that sends its client elsewhere: neither the token nor
// what a call says goes there.
func TestRedirect(t *testing.T) {
	serve := func(h http.HandlerFunc) *httptest.Server {
		s := httptest.NewUnstartedServer(h)
		s.Config.Protocols = new(http.Protocols)
		s.Config.Protocols.SetUnencryptedHTTP2(true)
		s.Start()
		t.Cleanup(s.Close)
		return s
	}
	var came atomic.Int32
	other := serve(func(http.ResponseWriter, *http.Request) { came.Add(1) })
	first := serve(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+r.URL.Path, http.StatusTemporaryRedirect)
	})
	c, err := client.Dial(first.URL, client.WithToken("secret"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.GetCodebase(t.Context(), "cb"); err == nil {
		t.Error("it was answered")
	}
	if _, err := c.Exec(t.Context(), "sb", sandbox.ExecRequest{Command: "true"}); err == nil {
		t.Error("it was answered")
	}
	if came.Load() != 0 {
		t.Errorf("%d calls went elsewhere", came.Load())
	}
}
