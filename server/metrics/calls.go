// SPDX-License-Identifier: MIT

package metrics

import (
	"context"
	"time"

	"connectrpc.com/connect"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/sandbox-rls/sandbox/server/sandboxv1"
	"github.com/sandbox-rls/sandbox/server/sandboxv1/sandboxv1connect"
)

// commands are the calls that last as long as a command.
var commands = map[string]bool{
	sandboxv1connect.SandboxServiceExecProcedure:              true,
	sandboxv1connect.SandboxServiceExecStreamProcedure:        true,
	sandboxv1connect.SandboxServiceExecInteractiveProcedure:   true,
	sandboxv1connect.SandboxServiceSessionExecProcedure:       true,
	sandboxv1connect.SandboxServiceSessionExecStreamProcedure: true,
}

// Calls counts calls: it is an interceptor of a server, and a collector. The labels
// are procedures of the protocol and codes, never anything that a client says.
type Calls struct {
	duration *prometheus.HistogramVec
	open     prometheus.Gauge
	received *prometheus.CounterVec
	sent     *prometheus.CounterVec
}

var (
	_ connect.Interceptor  = (*Calls)(nil)
	_ prometheus.Collector = (*Calls)(nil)
)

// NewCalls returns a Calls that has counted nothing yet.
func NewCalls() *Calls {
	return &Calls{
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sandbox_rpc_duration_seconds", Help: "How long calls took, by procedure and code.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300},
		}, []string{"procedure", "code"}),
		open: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "sandbox_commands_in_flight", Help: "Commands that run, or wait for their turn in a session.",
		}),
		received: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sandbox_received_bytes_total", Help: "Content of files and standard input that clients sent, by procedure.",
		}, []string{"procedure"}),
		sent: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sandbox_sent_bytes_total", Help: "Content of files, patches and output that was sent to clients as a stream, by procedure.",
		}, []string{"procedure"}),
	}
}

// Describe implements prometheus.Collector.
func (c *Calls) Describe(ch chan<- *prometheus.Desc) {
	for _, part := range c.parts() {
		part.Describe(ch)
	}
}

// Collect implements prometheus.Collector.
func (c *Calls) Collect(ch chan<- prometheus.Metric) {
	for _, part := range c.parts() {
		part.Collect(ch)
	}
}

func (c *Calls) parts() []prometheus.Collector {
	return []prometheus.Collector{c.duration, c.open, c.received, c.sent}
}

// begin counts a call, and gives what is to be told of its end.
func (c *Calls) begin(procedure string) (end func(code string)) {
	begun := time.Now()
	if commands[procedure] {
		c.open.Inc()
	}
	return func(code string) {
		if commands[procedure] {
			c.open.Dec()
		}
		c.duration.WithLabelValues(procedure, code).Observe(time.Since(begun).Seconds())
	}
}

func codeOf(err error) string {
	if err == nil {
		return "ok"
	}
	return connect.CodeOf(err).String()
}

// WrapUnary implements connect.Interceptor.
func (c *Calls) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (res connect.AnyResponse, err error) {
		if req.Spec().IsClient {
			return next(ctx, req)
		}
		end := c.begin(req.Spec().Procedure)
		defer func() { end(codeOf(err)) }()
		if n := content(req.Any()); n > 0 {
			c.received.WithLabelValues(req.Spec().Procedure).Add(n)
		}
		return next(ctx, req)
	}
}

// WrapStreamingHandler implements connect.Interceptor.
func (c *Calls) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) (err error) {
		procedure := conn.Spec().Procedure
		end := c.begin(procedure)
		defer func() { end(codeOf(err)) }()
		return next(ctx, &counted{conn, c.received.WithLabelValues(procedure), c.sent.WithLabelValues(procedure)})
	}
}

// WrapStreamingClient implements connect.Interceptor.
func (*Calls) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

// counted counts what goes through a stream.
type counted struct {
	connect.StreamingHandlerConn
	received, sent prometheus.Counter
}

func (c *counted) Receive(m any) error {
	err := c.StreamingHandlerConn.Receive(m)
	if err == nil {
		c.received.Add(content(m))
	}
	return err
}

func (c *counted) Send(m any) error {
	err := c.StreamingHandlerConn.Send(m)
	if err == nil {
		c.sent.Add(content(m))
	}
	return err
}

// content is how much of a message is content.
func content(message any) float64 {
	switch m := message.(type) {
	case *sandboxv1.ExecRequest:
		return float64(len(m.GetStdin()) + len(m.GetStdinData()))
	case *sandboxv1.ExecInput:
		return float64(len(m.GetStdin())) + content(m.GetStart())
	case interface{ GetData() []byte }:
		return float64(len(m.GetData()))
	}
	return 0
}
