// SPDX-License-Identifier: MIT

package server

import (
	"context"
	"net/http"
	"strings"

	"github.com/sandbox-rls/sandbox"
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
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, c)))
	})
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
