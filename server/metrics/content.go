// SPDX-License-Identifier: MIT

package metrics

import (
	"io"
	"net/http"
	"strconv"
	"strings"
)

// kinds are what is served as it is, and not as a message: by method, collection and
// what comes after the id.
var kinds = map[string]string{
	"GET codebases files": "GET /v1/codebases/{id}/files/{path}", "PUT codebases files": "PUT /v1/codebases/{id}/files/{path}",
	"GET codebases archive": "GET /v1/codebases/{id}/archive", "PUT codebases archive": "PUT /v1/codebases/{id}/archive",
	"GET sandboxes files": "GET /v1/sandboxes/{id}/files/{path}", "PUT sandboxes files": "PUT /v1/sandboxes/{id}/files/{path}",
	"GET sandboxes diff": "GET /v1/sandboxes/{id}/diff",
}

// kind is what a request is for, "" for calls, which the interceptor counts.
func kind(r *http.Request) string {
	path, ok := strings.CutPrefix(r.URL.Path, "/v1/")
	parts := strings.SplitN(path, "/", 4)
	if !ok || len(parts) < 3 || parts[2] == "files" && (len(parts) < 4 || parts[3] == "") {
		return ""
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	return kinds[method+" "+parts[0]+" "+parts[2]]
}

// Content counts requests for files, archives and patches, which are no calls. It
// goes around a server's handler.
func (c *Calls) Content(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind := kind(r)
		if kind == "" {
			next.ServeHTTP(w, r)
			return
		}
		end := c.begin(kind)
		counted := &countedWriter{ResponseWriter: w, status: http.StatusOK}
		body := &countedBody{ReadCloser: r.Body}
		defer func() {
			c.received.WithLabelValues(kind).Add(float64(body.n))
			if counted.status < 400 {
				c.sent.WithLabelValues(kind).Add(float64(counted.n))
				end("ok")
			} else {
				end("http_" + strconv.Itoa(counted.status))
			}
		}()
		r2 := *r
		r2.Body = body
		next.ServeHTTP(counted, &r2)
	})
}

type countedBody struct {
	io.ReadCloser
	n int64
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.n += int64(n)
	return n, err
}

type countedWriter struct {
	http.ResponseWriter
	n      int64
	status int
}

func (w *countedWriter) WriteHeader(status int) {
	if status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *countedWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.n += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (w *countedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
