// SPDX-License-Identifier: MIT

package main

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// drain knows which requests are open, and when no others are to be taken.
type drain struct {
	ending atomic.Bool

	mu   sync.Mutex
	open int
	idle chan struct{} // closed when none is open; nil while nobody waits
}

func (d *drain) serving() bool { return !d.ending.Load() }

// count counts requests. Questions for the server's health are none.
func (d *drain) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/grpc.health.v1.") || r.URL.Path == "/healthz" || r.URL.Path == "/metrics" {
			next.ServeHTTP(w, r)
			return
		}
		d.enter()
		defer d.leave()
		next.ServeHTTP(w, r)
	})
}

func (d *drain) enter() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open++
}

func (d *drain) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open--; d.open == 0 && d.idle != nil {
		close(d.idle)
		d.idle = nil
	}
}

// wait turns new calls away, and waits for those that are open, but no longer than
// a time. It returns how many were left.
func (d *drain) wait(patience time.Duration) int {
	d.ending.Store(true)
	d.mu.Lock()
	if d.open == 0 {
		d.mu.Unlock()
		return 0
	}
	idle := make(chan struct{})
	d.idle = idle
	d.mu.Unlock()
	select {
	case <-idle:
	case <-time.After(patience):
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.open
}
