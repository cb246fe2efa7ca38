// SPDX-License-Identifier: MIT

package client

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"connectrpc.com/connect"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/sandboxv1/sandboxv1connect"
)

// Client is a Service by a server. All methods may be called concurrently.
type Client struct {
	codebases sandboxv1connect.CodebaseServiceClient
	sandboxes sandboxv1connect.SandboxServiceClient
	close     func()
}

var _ sandbox.Service = (*Client)(nil)

// Dial is a client of the server at an address: "http://host:port" and
// "https://host:port", "host:port", which is http on this machine and https
// elsewhere, or "unix:/path". It connects when it is needed: a server that is not
// there makes calls fail with sandbox.ErrConnection.
func Dial(address string, opts ...Option) (*Client, error) {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	base, socket, err := parse(address)
	if err != nil {
		return nil, &sandbox.Error{Op: "dial", Err: err}
	}
	c := &Client{close: func() {}}
	if o.http == nil {
		if o.token != "" && base.Scheme == "http" && socket == "" && !loopback(base.Hostname()) {
			return nil, &sandbox.Error{Op: "dial", Err: fmt.Errorf("%w: a token would go over the network in the clear: use https", sandbox.ErrInvalid)}
		}
		transport := newTransport(o, socket)
		o.http, c.close = &http.Client{Transport: transport, CheckRedirect: stay}, transport.CloseIdleConnections
	}
	rpc := o.rpc
	if o.token != "" {
		rpc = append(rpc, connect.WithInterceptors(authorization("Bearer "+o.token)))
	}
	at := strings.TrimSuffix(base.String(), "/")
	c.codebases = sandboxv1connect.NewCodebaseServiceClient(o.http, at, rpc...)
	c.sandboxes = sandboxv1connect.NewSandboxServiceClient(o.http, at, rpc...)
	return c, nil
}

// Close gives up the connections that are not in use.
func (c *Client) Close() error {
	c.close()
	return nil
}

// stay follows no redirection: no server of this protocol sends its clients
// elsewhere, and a token is for one alone.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// parse reads an address.
func parse(address string) (base *url.URL, socket string, err error) {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		if path = strings.TrimPrefix(path, "//"); path == "" {
			return nil, "", fmt.Errorf("%w: address %q names no socket", sandbox.ErrInvalid, address)
		}
		return &url.URL{Scheme: "http", Host: "localhost"}, path, nil
	}
	if !strings.Contains(address, "://") {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, "", fmt.Errorf("%w: address %q is not host:port, a URL, or unix:/path", sandbox.ErrInvalid, address)
		}
		scheme := "https"
		if loopback(host) {
			scheme = "http"
		}
		address = scheme + "://" + address
	}
	base, err = url.Parse(address)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, "", fmt.Errorf("%w: address %q is not host:port, a URL of http or https, or unix:/path", sandbox.ErrInvalid, address)
	}
	return base, "", nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// newTransport speaks HTTP/2 alone, so that a stream may go both ways.
func newTransport(o options, socket string) *http.Transport {
	t := &http.Transport{TLSClientConfig: o.tls, Protocols: new(http.Protocols), Proxy: http.ProxyFromEnvironment}
	t.Protocols.SetUnencryptedHTTP2(true)
	t.Protocols.SetHTTP2(true)
	if socket != "" {
		t.Proxy = nil
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}
	}
	return t
}

// authorization is the header of each call.
type authorization string

// WrapUnary implements connect.Interceptor.
func (a authorization) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		req.Header().Set("Authorization", string(a))
		return next(ctx, req)
	}
}

// WrapStreamingClient implements connect.Interceptor.
func (a authorization) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return func(ctx context.Context, spec connect.Spec) connect.StreamingClientConn {
		conn := next(ctx, spec)
		conn.RequestHeader().Set("Authorization", string(a))
		return conn
	}
}

// WrapStreamingHandler implements connect.Interceptor.
func (authorization) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return next
}
