// SPDX-License-Identifier: MIT

package server

import (
	"context"
	"fmt"
	"io"
	"iter"
	"sync"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/internal/wire"
)

// quotas count what owners have.
type quotas struct {
	limits Limits
	mu     sync.Mutex
	owners map[string]*tally
	all    int // commands
}

// tally is what an owner does at the moment.
type tally struct {
	commands int
	making   chan struct{} // has room for one: what is counted is made by one call at a time
	users    int
	uploads
}

func newQuotas(l Limits) *quotas { return &quotas{limits: l, owners: map[string]*tally{}} }

// of is a service within the limits.
func (q *quotas) of(svc sandbox.Service, owner string) *limited {
	return &limited{Service: svc, quotas: q, owner: owner}
}

// limited is what an owner has of a service, within the limits.
type limited struct {
	sandbox.Service
	quotas *quotas
	owner  string
}

func (q *quotas) take(owner string) *tally {
	q.mu.Lock()
	defer q.mu.Unlock()
	t := q.owners[owner]
	if t == nil {
		t = &tally{making: make(chan struct{}, 1)}
		q.owners[owner] = t
	}
	t.users++
	return t
}

func (q *quotas) give(owner string, t *tally) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if t.users--; t.users == 0 {
		delete(q.owners, owner)
	}
}

func exceeded(format string, args ...any) error {
	return fmt.Errorf("%w: %s", sandbox.ErrQuotaExceeded, fmt.Sprintf(format, args...))
}

// command counts a command in until it ends.
func (l *limited) command() (end func(), err error) {
	q := l.quotas
	t := q.take(l.owner)
	q.mu.Lock()
	switch {
	case q.limits.Commands > 0 && q.all >= q.limits.Commands:
		err = exceeded("%d commands are running", q.all)
	case q.limits.CommandsPerOwner > 0 && t.commands >= q.limits.CommandsPerOwner:
		err = exceeded("%d commands of this owner are running", t.commands)
	default:
		q.all++
		t.commands++
	}
	q.mu.Unlock()
	if err != nil {
		q.give(l.owner, t)
		return nil, err
	}
	return func() {
		q.mu.Lock()
		q.all--
		t.commands--
		q.mu.Unlock()
		q.give(l.owner, t)
	}, nil
}

func (l *limited) Exec(ctx context.Context, id string, req sandbox.ExecRequest) (*sandbox.ExecResult, error) {
	end, err := l.command()
	if err != nil {
		return nil, err
	}
	defer end()
	return l.Service.Exec(ctx, id, req)
}

func (l *limited) SessionExec(ctx context.Context, id string, req sandbox.SessionExecRequest) (*sandbox.ExecResult, error) {
	end, err := l.command()
	if err != nil {
		return nil, err
	}
	defer end()
	return l.Service.SessionExec(ctx, id, req)
}

func (l *limited) ExecStream(ctx context.Context, id string, req sandbox.ExecRequest) iter.Seq2[sandbox.ExecOutput, error] {
	return l.counted(func() iter.Seq2[sandbox.ExecOutput, error] { return l.Service.ExecStream(ctx, id, req) })
}

func (l *limited) SessionExecStream(ctx context.Context, id string, req sandbox.SessionExecRequest) iter.Seq2[sandbox.ExecOutput, error] {
	return l.counted(func() iter.Seq2[sandbox.ExecOutput, error] { return l.Service.SessionExecStream(ctx, id, req) })
}

func (l *limited) counted(run func() iter.Seq2[sandbox.ExecOutput, error]) iter.Seq2[sandbox.ExecOutput, error] {
	return func(yield func(sandbox.ExecOutput, error) bool) {
		end, err := l.command()
		if err != nil {
			yield(sandbox.ExecOutput{}, err)
			return
		}
		defer end()
		run()(yield)
	}
}

// making lets one call at a time make something of a kind that is counted.
func (l *limited) making(ctx context.Context, bound int, count func() (int, error), what string, do func() error) error {
	if bound <= 0 {
		return do()
	}
	t := l.quotas.take(l.owner)
	defer l.quotas.give(l.owner, t)
	select {
	case t.making <- struct{}{}:
		defer func() { <-t.making }()
	case <-ctx.Done():
		return ctx.Err()
	}
	n, err := count()
	if err != nil {
		return err
	}
	if n >= bound {
		return exceeded("there are %d %s, and %d are allowed", n, what, bound)
	}
	return do()
}

func (l *limited) CreateSandbox(ctx context.Context, req sandbox.CreateSandboxRequest) (info *sandbox.Info, err error) {
	// What would be cut off is not kept: a command can print without end.
	if most := int64(l.quotas.limits.OutputBytes); req.OutputLimit < 0 || req.OutputLimit > most {
		req.OutputLimit = most
	}
	err = l.making(ctx, l.quotas.limits.SandboxesPerOwner, func() (int, error) { return l.sandboxes(ctx) }, "sandboxes", func() error {
		info, err = l.Service.CreateSandbox(ctx, req)
		return err
	})
	return info, err
}

func (l *limited) Fork(ctx context.Context, id string, req sandbox.ForkRequest) (info *sandbox.Info, err error) {
	err = l.making(ctx, l.quotas.limits.SandboxesPerOwner, func() (int, error) { return l.sandboxes(ctx) }, "sandboxes", func() error {
		info, err = l.Service.Fork(ctx, id, req)
		return err
	})
	return info, err
}

func (l *limited) CreateCodebase(ctx context.Context, req sandbox.CreateCodebaseRequest) (c *sandbox.Codebase, err error) {
	err = l.making(ctx, l.quotas.limits.CodebasesPerOwner, func() (int, error) { n, _, err := l.codebases(ctx); return n, err }, "codebases", func() error {
		c, err = l.Service.CreateCodebase(ctx, req)
		return err
	})
	return c, err
}

// sandboxes counts those of the owner, as far as the limit.
func (l *limited) sandboxes(ctx context.Context) (n int, err error) {
	req := sandbox.ListSandboxesRequest{PageSize: sandbox.MaxPageSize}
	for {
		page, err := l.Service.ListSandboxes(ctx, req)
		if err != nil {
			return 0, err
		}
		n += len(page.Sandboxes)
		if req.PageToken = page.NextPageToken; req.PageToken == "" || n >= l.quotas.limits.SandboxesPerOwner {
			return n, nil
		}
	}
}

// codebases counts those of the owner, and their bytes.
func (l *limited) codebases(ctx context.Context) (n int, bytes int64, err error) {
	req := sandbox.ListCodebasesRequest{PageSize: sandbox.MaxPageSize}
	for {
		page, err := l.Service.ListCodebases(ctx, req)
		if err != nil {
			return 0, 0, err
		}
		for _, c := range page.Codebases {
			n++
			bytes += c.Size
		}
		if req.PageToken = page.NextPageToken; req.PageToken == "" {
			return n, bytes, nil
		}
	}
}

// atMost reads no more than so many bytes; what is over is an error.
func atMost(r io.Reader, n int64) io.Reader {
	if n < 0 {
		return r
	}
	return &bounded{r: r, left: n, bound: n}
}

type bounded struct {
	r           io.Reader
	left, bound int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("%w: more than %d bytes", wire.ErrTooLarge, b.bound)
	}
	return n, err
}
