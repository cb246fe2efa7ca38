// SPDX-License-Identifier: MIT

package server

import (
	"context"
	"log/slog"
	"time"

	"connectrpc.com/connect"
)

// Option is a choice made when a server is made.
type Option func(*options)

type options struct {
	auth         Authenticator
	logger       *slog.Logger
	interceptors []connect.Interceptor
	reflection   bool
	limits       Limits
	serving      func() bool
}

// Authenticator knows whose a token is. It may be called concurrently.
type Authenticator interface {
	// Authenticate returns the owner of a token, "" for none given. A token that
	// is not known is sandbox.ErrUnauthenticated.
	Authenticate(ctx context.Context, token string) (owner string, err error)
}

// WithAuthenticator asks each call for a token ("Authorization: Bearer …"), and
// shows each owner only what is its own. Without it everything is everybody's.
func WithAuthenticator(a Authenticator) Option { return func(o *options) { o.auth = a } }

// WithLogger logs calls that fail, and, at the level debug, all others. Default:
// nothing is logged.
func WithLogger(l *slog.Logger) Option { return func(o *options) { o.logger = l } }

// WithInterceptors adds interceptors around each call, for traces and metrics. The
// first is the outermost.
func WithInterceptors(i ...connect.Interceptor) Option {
	return func(o *options) { o.interceptors = append(o.interceptors, i...) }
}

// WithReflection lets clients ask for the protocol's description
// (grpc.reflection.v1).
func WithReflection() Option { return func(o *options) { o.reflection = true } }

// WithHealth has grpc.health.v1 say NOT_SERVING, and GET /healthz 503, as long as
// serving is false. Default: always serving.
func WithHealth(serving func() bool) Option { return func(o *options) { o.serving = serving } }

// WithLimits bounds what clients may ask for.
func WithLimits(l Limits) Option { return func(o *options) { o.limits = l } }

// Limits bound what clients may ask for. Reaching one is RESOURCE_EXHAUSTED.
type Limits struct {
	// MessageBytes is how large a message may be: a command with its standard
	// input, or a part of an upload. 0: DefaultMessageBytes.
	MessageBytes int
	// UploadBytes is how large an uploaded file or archive may be. 0: no bound.
	UploadBytes int64
	// OutputBytes is how large the answer to a command may be; more output is cut
	// off. 0: DefaultOutputBytes, since clients refuse more.
	OutputBytes int
	// Commands and CommandsPerOwner are how many commands may run at a time. 0: no
	// bound.
	Commands, CommandsPerOwner int
	// SandboxesPerOwner and CodebasesPerOwner are how many there may be, and
	// BytesPerOwner how large all codebases of an owner may be together. 0: no bound.
	SandboxesPerOwner, CodebasesPerOwner int
	BytesPerOwner                        int64
	// ReadTimeout is how long a client may be silent in the middle of a message that
	// it sends. 0: DefaultReadTimeout; negative: for ever.
	ReadTimeout time.Duration
}

// Defaults of Limits.
const (
	DefaultMessageBytes = 32 << 20
	// DefaultOutputBytes leaves room in the 4 MiB that gRPC clients take.
	DefaultOutputBytes = 4<<20 - 64<<10
	DefaultReadTimeout = time.Minute
)

func (l *Limits) setDefaults() {
	if l.MessageBytes == 0 {
		l.MessageBytes = DefaultMessageBytes
	}
	if l.OutputBytes == 0 {
		l.OutputBytes = DefaultOutputBytes
	}
	if l.ReadTimeout == 0 {
		l.ReadTimeout = DefaultReadTimeout
	}
}
