// SPDX-License-Identifier: MIT

package client

import (
	"crypto/tls"
	"net/http"

	"connectrpc.com/connect"
)

// Option is a choice made when a client is made.
type Option func(*options)

type options struct {
	token string
	http  connect.HTTPClient
	tls   *tls.Config
	rpc   []connect.ClientOption
}

// WithToken sends a token with each call. It is refused for a server that is
// reached without TLS and is not on this machine, unless WithHTTPClient is given.
func WithToken(token string) Option { return func(o *options) { o.token = token } }

// WithTLS is how TLS connections are made: the authorities that are trusted, and
// the client's own certificate.
func WithTLS(c *tls.Config) Option { return func(o *options) { o.tls = c } }

// WithHTTPClient makes the calls. It must speak HTTP/2, without TLS too if
// the address says http.
func WithHTTPClient(c *http.Client) Option { return func(o *options) { o.http = c } }

// WithGRPC speaks gRPC instead of Connect, for servers that know no other.
func WithGRPC() Option {
	return func(o *options) { o.rpc = append(o.rpc, connect.WithGRPC()) }
}

// WithInterceptors adds interceptors around each call, for traces and metrics.
func WithInterceptors(i ...connect.Interceptor) Option {
	return func(o *options) { o.rpc = append(o.rpc, connect.WithInterceptors(i...)) }
}
