// SPDX-License-Identifier: MIT

//go:build linux

package main

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestListen(t *testing.T) {
	dir := t.TempDir()
	for _, listen := range []string{"127.0.0.1:0", "localhost:0", "unix:" + filepath.Join(dir, "socket")} {
		d := start(t, "--listen", listen)
		must(t, d.alive())
		d.signal(syscall.SIGTERM)
		if code := d.end(); code != 0 {
			t.Errorf("%s: it ended with %d", listen, code)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("what is left of the socket is %v, %v", left, err)
	}
}

func TestSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	mode := func() os.FileMode {
		info, err := os.Stat(path)
		must(t, err)
		return info.Mode()
	}
	first := start(t, "--listen", "unix:"+path)
	if got := mode(); got != os.ModeSocket|0o600 {
		t.Errorf("the socket has %v", got)
	}
	refused(t, "somebody listens on "+path, "--listen", "unix:"+path, "--state-dir", t.TempDir())
	must(t, first.alive())

	first.signal(syscall.SIGKILL)
	first.end()
	if got := mode(); got.Type() != os.ModeSocket {
		t.Fatalf("nothing is left of the socket but %v", got)
	}
	second := start(t, "--listen", "unix:"+path, "--socket-mode", "0660")
	if got := mode(); got != os.ModeSocket|0o660 {
		t.Errorf("the socket has %v", got)
	}
	must(t, second.alive())

	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	refused(t, "is no socket", "--listen", "unix:"+file, "--state-dir", t.TempDir())
}

func TestRefusals(t *testing.T) {
	state := t.TempDir()
	cert, key := newAuthority(t).issue(t, "localhost")
	for want, args := range map[string][]string{
		"--tls-cert and --tls-key, or --insecure": {"--listen", "0.0.0.0:0"},
		"give --tls-cert":                         {"--listen", ":0", "--no-auth"},
		"sandboxd token create --owner NAME":      {"--listen", "[::]:0", "--tls-cert", cert, "--tls-key", key},
		"no token in " + state:                    {"--listen", "0.0.0.0:0", "--insecure"},
		"go together":                             {"--tls-cert", cert},
		"needs --tls-cert":                        {"--tls-client-ca", cert},
		"neither host:port nor unix:/path":        {"--listen", "9000"},
		"needs a path":                            {"--listen", "unix:"},
		"there is no runtime \"vm\"":              {"--runtime", "vm"},
		"--runtimes: there is no runtime":         {"--runtimes", "native,vm"},
		"contradict":                              {"--auth", "--no-auth"},
		"no level":                                {"--log-level", "loud"},
		"no form":                                 {"--log-format", "xml"},
		"\"x\" is one argument too many":          {"x"},
		"not a size":                              {"--max-upload", "many"},
		"not permissions":                         {"--socket-mode", "999"},
		"--max-streams must be":                   {"--max-streams", "0"},
		"reading the certificate":                 {"--tls-cert", "/nonexistent", "--tls-key", key},
		"unknown flag":                            {"--bogus"},
		"--init":                                  {"--init", "/bin/true"},
		"--init: " + filepath.Join(programs(t), "sandboxd"): {"--init", filepath.Join(programs(t), "sandboxd")},
		"--max-commands must not be negative":               {"--max-commands", "-1"},
		"--drain-timeout must not be":                       {"--drain-timeout", "-1s"},
	} {
		refused(t, want, append(args, "--state-dir", state)...)
	}
	// A state directory has one owner.
	start(t, "--state-dir", state)
	refused(t, state, "--listen", "127.0.0.1:0", "--state-dir", state)
}

// TestInsecure lets everybody in because it was told to.
func TestInsecure(t *testing.T) {
	d := start(t, "--listen", "0.0.0.0:0", "--insecure", "--no-auth")
	_, port, err := net.SplitHostPort(d.address)
	must(t, err)
	d.address = "127.0.0.1:" + port
	must(t, d.alive())
	// Metrics are not for all who can reach it.
	res, err := d.http(false).Get(d.url() + "/metrics")
	must(t, err)
	res.Body.Close()
	if res.StatusCode != http.StatusNotFound {
		t.Errorf("/metrics: %s", res.Status)
	}
}

// TestNames calls a server that asks for no token as a web page would.
func TestNames(t *testing.T) {
	d := start(t, "--allow-host", "sandbox.internal")
	get := func(host string, header ...string) int {
		r, err := http.NewRequest("POST", d.url()+"/sandbox.v1.CodebaseService/ListCodebases", strings.NewReader("{}"))
		must(t, err)
		r.Host = host
		r.Header.Set("Content-Type", "application/json")
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		res, err := d.http(false).Do(r)
		must(t, err)
		res.Body.Close()
		return res.StatusCode
	}
	for host, want := range map[string]int{
		"": 200, "localhost": 200, "localhost:1234": 200, "127.0.0.1": 200, "[::1]:9000": 200, "sandbox.internal:9000": 200, "x.localhost": 200, "LOCALHOST.": 200,
		"evil.example": 403, "localhost.evil.example:9000": 403, "10.0.0.1": 403, "evillocalhost": 403,
	} {
		if got := get(host); got != want {
			t.Errorf("called %q it answers %d", host, got)
		}
	}
	if got := get("", "Sec-Fetch-Site", "cross-site"); got != 403 {
		t.Errorf("a page of another site gets %d", got)
	}
	if got := get("", "Origin", "https://evil.example"); got != 403 {
		t.Errorf("a page of another origin gets %d", got)
	}
	if got := get("", "Sec-Fetch-Site", "same-origin", "Origin", d.url()); got != 200 {
		t.Errorf("a page of its own gets %d", got)
	}
}
