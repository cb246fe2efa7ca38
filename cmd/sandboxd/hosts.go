// SPDX-License-Identifier: MIT

package main

import (
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// onlyLocalNames keeps web pages away from a server that asks for no token: a page
// can have a browser call this machine, by a name of its own that it lets lead here,
// or from another origin.
func onlyLocalNames(next http.Handler, allowed []string) http.Handler {
	guarded := http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !localName(r.Host, allowed) {
			http.Error(w, "this server is not called "+strconv.Quote(r.Host)+": use localhost, or start it with --allow-host", http.StatusForbidden)
			return
		}
		guarded.ServeHTTP(w, r)
	})
}

func localName(hostport string, allowed []string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback() || slices.Contains(allowed, host)
	}
	return host == "" || host == "localhost" || strings.HasSuffix(host, ".localhost") || slices.Contains(allowed, host)
}
