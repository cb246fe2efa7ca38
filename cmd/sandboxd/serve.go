// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"connectrpc.com/connect"

	"github.com/sandbox-rls/sandbox/server/metrics"
	"github.com/sandbox-rls/sandbox/server/token"
)

// farewell is how long answers may take to be sent when all commands have ended.
const farewell = 5 * time.Second

// serve serves until a signal comes.
func (a *app) serve(ctx context.Context, s *settings) (err error) {
	if err := s.check(); err != nil {
		return err
	}
	log, err := newLogger(a.stderr, s.logFormat, s.logLevel)
	if err != nil {
		return err
	}
	srv := &serving{settings: s, drain: &drain{}, log: log}
	if srv.place, err = parsePlace("listen", s.listen); err != nil {
		return err
	}
	certs, err := loadCertificates(s)
	if err != nil {
		return err
	}
	if srv.tokens, err = admit(s, srv.place, certs != nil); err != nil {
		return err
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)

	l, err := srv.place.listen(os.FileMode(s.socketMode))
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	defer l.Close()
	m, err := newManager(ctx, s, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()

	calls := metrics.NewCalls()
	traces, endTraces, err := tracing(ctx)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
		defer cancel()
		if err := endTraces(ctx); err != nil {
			log.Warn("traces were not sent", "error", err)
		}
	}()
	srv.calls = append(traces, connect.Interceptor(calls))
	srv.content = calls.Content
	srv.metrics = metricsHandler(calls, m, log)
	handler, err := srv.handler(m)
	if err != nil {
		return err
	}

	failed := make(chan error, 2)
	web := newHTTPServer(s, handler, log)
	go func() { failed <- serveOn(web, l, certs) }()
	if s.metricsListen != "" {
		closeMetrics, err := srv.serveMetrics(failed)
		if err != nil {
			return err
		}
		defer closeMetrics()
	}
	log.Info("listening", "address", address(l), "tls", certs != nil, "tokens", srv.tokens != nil)
	fmt.Fprintln(a.stdout, "listening on "+address(l))
	notify("READY=1")

	if err := awaitEnd(signals, failed, certs, log); err != nil {
		return err
	}
	notify("STOPPING=1")
	go a.endAtOnce(signals, l)
	log.Info("ending: commands that run may end", "timeout", s.drainTimeout)
	if left := srv.drain.wait(s.drainTimeout); left > 0 {
		log.Warn("not all calls have ended in time", "calls", left)
	}
	err = closeManager(m, web, log)
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	if web.Shutdown(bye) != nil {
		_ = web.Close()
	}
	log.Info("ended")
	return err
}

// closeManager closes the manager before the server: the calls that are left are
// answered that it has. It waits for those that move content; clients that neither
// take theirs nor send on are cut off.
func closeManager(m io.Closer, web *http.Server, log *slog.Logger) error {
	closed := make(chan error, 1)
	go func() { closed <- m.Close() }()
	select {
	case err := <-closed:
		return err
	case <-time.After(farewell):
	}
	log.Warn("clients that are in the middle of a transfer are cut off")
	_ = web.Close()
	return <-closed
}

// admit says who is let in: the tokens that are asked for, or nobody at all, where
// the settings do not allow what they ask for.
func admit(s *settings, p place, encrypted bool) (*token.Store, error) {
	if !p.local() && !encrypted && !s.insecure {
		return nil, usagef("--listen %s can be reached from other machines: give --tls-cert and --tls-key, or --insecure to have tokens and all else sent in the clear", s.listen)
	}
	if s.noAuth {
		return nil, nil
	}
	store := token.NewStore(s.tokens())
	list, err := store.List()
	if err != nil {
		return nil, err
	}
	switch {
	case len(list) > 0 || p.local() && s.auth:
		return store, nil
	case p.local():
		return nil, nil
	}
	return nil, usagef("--listen %s can be reached from other machines, and there is no token in %s: make one by `sandboxd token create --owner NAME`, or give --no-auth to let everybody in", s.listen, store.Path())
}

// awaitEnd returns when a signal asks for the end, or something has failed.
func awaitEnd(signals <-chan os.Signal, failed <-chan error, certs *certificates, log *slog.Logger) error {
	for {
		select {
		case err := <-failed:
			return err
		case sig := <-signals:
			if sig != syscall.SIGHUP {
				return nil
			}
			if certs == nil {
				continue
			}
			if err := certs.reload(); err != nil {
				log.Error("the certificate stays the one that it was", "error", err)
			} else {
				log.Info("the certificate was read again")
			}
		}
	}
}

// endAtOnce ends the program on another signal. The kernel ends the sandboxes'
// processes with it, and the next server finds them stopped.
func (a *app) endAtOnce(signals <-chan os.Signal, l net.Listener) {
	for sig := range signals {
		if sig != syscall.SIGHUP {
			l.Close() // and with it the socket's file
			fmt.Fprintln(a.stderr, "sandboxd: ended at once by another signal")
			os.Exit(exitFailed)
		}
	}
}

// newHTTPServer makes a server of HTTP/1.1 and HTTP/2, with TLS and without, that
// a client cannot keep busy by saying little.
func newHTTPServer(s *settings, h http.Handler, log *slog.Logger) *http.Server {
	var p http.Protocols
	p.SetHTTP1(true)
	p.SetHTTP2(true)
	p.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler: h, Protocols: &p,
		ReadHeaderTimeout: s.headerTimeout, IdleTimeout: s.idle, MaxHeaderBytes: int(s.maxHeader),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: s.maxStreams,
			// A client that has vanished must not keep its commands running for ever.
			SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second,
			WriteByteTimeout: time.Minute,
		},
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

func serveOn(web *http.Server, l net.Listener, certs *certificates) error {
	var err error
	if certs == nil {
		err = web.Serve(l)
	} else {
		web.TLSConfig = certs.config()
		err = web.ServeTLS(l, "", "")
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// serveMetrics serves /metrics on an address of its own, where nothing else is.
func (s *serving) serveMetrics(failed chan<- error) (func() error, error) {
	p, err := parsePlace("metrics-listen", s.settings.metricsListen)
	if err != nil {
		return nil, err
	}
	l, err := p.listen(os.FileMode(s.settings.socketMode))
	if err != nil {
		return nil, fmt.Errorf("listening for metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.metrics)
	web := newHTTPServer(s.settings, mux, s.log)
	go func() { failed <- serveOn(web, l, nil) }()
	s.log.Info("serving metrics", "address", address(l))
	return web.Close, nil
}
