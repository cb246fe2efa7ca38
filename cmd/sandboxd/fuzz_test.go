// SPDX-License-Identifier: MIT

//go:build linux

package main

import (
	"net"
	"strings"
	"testing"
)

// FuzzPlace asks that what is taken is either a socket or an address, and is taken
// again in the form in which it is shown. Names are left out: they are looked up.
func FuzzPlace(f *testing.F) {
	for _, s := range []string{"unix:/run/x", "unix:", "127.0.0.1:9000", "[::1]:0", ":80", "[fe80::1%lo]:1", "1.2.3.4:99999", "a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !strings.HasPrefix(text, "unix:") {
			host, port, err := net.SplitHostPort(text)
			if err != nil || strings.Trim(port, "0123456789") != "" || host != "" && net.ParseIP(host) == nil {
				return
			}
		}
		p, err := parsePlace("listen", text)
		if err != nil {
			return
		}
		shown := "unix:" + p.socket
		if p.tcp != nil {
			shown = p.tcp.String()
		}
		if (p.socket == "") == (p.tcp == nil) {
			t.Fatalf("%q is %+v", text, p)
		}
		if again, err := parsePlace("listen", shown); err != nil || again.local() != p.local() || again.socket != p.socket {
			t.Errorf("%q is %q, which is %+v, %v", text, shown, again, err)
		}
	})
}

// FuzzFileMode asks that permissions are permissions, and are shown as they are taken.
func FuzzFileMode(f *testing.F) {
	for _, s := range []string{"0660", "777", "1777", "8", "-1", "0o600", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var m, again fileMode
		if m.Set(text) != nil {
			return
		}
		if err := again.Set(m.String()); err != nil || again != m || m > 0o777 {
			t.Errorf("%q is %s, which is %s, %v", text, m.String(), again.String(), err)
		}
	})
}
