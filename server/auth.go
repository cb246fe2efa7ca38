// SPDX-License-Identifier: MIT

package server

import (
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/internal/wire"
)

// caller is who a call comes from.
type caller struct {
	owner string // "" where nobody is asked for a token
	err   error  // why it is not let in
}

type callerKey struct{}

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// authenticate notes who a request comes from. Whether that is let in is for the
// call to say, in its own protocol.
func (s *server) authenticate(next http.Handler) http.Handler {
	if s.options.auth == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var c caller
		token, ok := bearer(r)
		if ok {
			c.owner, c.err = s.options.auth.Authenticate(r.Context(), token)
		}
		if !ok || c.err == nil && c.owner == "" {
			c.err = sandbox.ErrUnauthenticated
		}
		r = r.WithContext(context.WithValue(r.Context(), callerKey{}, c))
		if c.err != nil {
			r.Body = &strangersBody{r.Body, strangersBytes}
		}
		next.ServeHTTP(w, r)
	})
}

// strangersBytes is how much is read of a request of nobody's: a message is read
// before its call can be answered, and whoever has no token must not fill the
// memory.
const strangersBytes = 64 << 10

type strangersBody struct {
	io.ReadCloser
	left int
}

func (b *strangersBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, wire.ToConnect(sandbox.ErrUnauthenticated, nil)
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// bearer is the token of a request (RFC 6750).
func bearer(r *http.Request) (string, bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "bearer") {
		return "", false
	}
	return strings.TrimSpace(token), true
}

// service is what the caller has of the service.
func (s *server) service(ctx context.Context) (*limited, error) {
	c := callerOf(ctx)
	if c.err != nil {
		return nil, c.err
	}
	if s.options.auth == nil {
		return s.quotas.of(s.svc, ""), nil
	}
	return s.quotas.of(sandbox.ForOwner(s.svc, c.owner), c.owner), nil
}
