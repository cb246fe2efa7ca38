// SPDX-License-Identifier: MIT

package server

import (
	"io"
	"net/http"
	"time"

	"github.com/sandbox-rls/sandbox/server/sandboxv1/sandboxv1connect"
)

// paced ends requests whose body does not come on, so that nobody can hold many
// of them open. The input of a command that is fed may come whenever it likes.
func (s *server) paced(next http.Handler) http.Handler {
	patience := s.options.limits.ReadTimeout
	if patience < 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil && r.Body != http.NoBody && r.URL.Path != sandboxv1connect.SandboxServiceExecInteractiveProcedure {
			r.Body = &pacedBody{r.Body, http.NewResponseController(w), patience}
		}
		next.ServeHTTP(w, r)
	})
}

type pacedBody struct {
	io.ReadCloser
	control  *http.ResponseController
	patience time.Duration
}

func (b *pacedBody) Read(p []byte) (int, error) {
	_ = b.control.SetReadDeadline(time.Now().Add(b.patience))
	n, err := b.ReadCloser.Read(p)
	_ = b.control.SetReadDeadline(time.Time{}) // what the call does may take longer
	return n, err
}
