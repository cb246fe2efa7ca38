// SPDX-License-Identifier: MIT

package server

import (
	"context"
	"io"

	"github.com/sandbox-rls/sandbox"
)

// uploads are how many bytes an owner has sent.
type uploads struct {
	sent int64 // since anybody counts
	open int64 // by uploads that have not ended
}

func (l *limited) UploadFile(ctx context.Context, id, path string, r io.Reader, opts sandbox.UploadOptions) (*sandbox.UploadResult, error) {
	r, end, err := l.metered(ctx, r)
	if err != nil {
		return nil, err
	}
	defer end()
	return l.Service.UploadFile(ctx, id, path, r, opts)
}

func (l *limited) ImportTar(ctx context.Context, id string, r io.Reader) (*sandbox.Codebase, error) {
	r, end, err := l.metered(ctx, r)
	if err != nil {
		return nil, err
	}
	defer end()
	return l.Service.ImportTar(ctx, id, r)
}

// metered bounds an upload by what one may have, and by the room that its owner has
// for this one and all others that go on.
func (l *limited) metered(ctx context.Context, r io.Reader) (io.Reader, func(), error) {
	if most := l.quotas.limits.UploadBytes; most > 0 {
		r = atMost(r, most)
	}
	bound := l.quotas.limits.BytesPerOwner
	if bound <= 0 {
		return r, func() {}, nil
	}
	q, t := l.quotas, l.quotas.take(l.owner)
	q.mu.Lock()
	before, open := t.sent, t.open
	q.mu.Unlock()
	_, have, err := l.codebases(ctx) // what has just ended may be in both: rather too much than too little
	if err == nil && have+open >= bound {
		err = exceeded("the codebases hold %d bytes, and %d are allowed", have+open, bound)
	}
	if err != nil {
		q.give(l.owner, t)
		return nil, nil, err
	}
	m := &meter{r: r, quotas: q, tally: t, until: before + bound - have - open, bound: bound}
	return m, func() {
		q.mu.Lock()
		t.open -= m.own
		q.mu.Unlock()
		q.give(l.owner, t)
	}, nil
}

// meter counts what an upload brings.
type meter struct {
	r            io.Reader
	quotas       *quotas
	tally        *tally
	until, bound int64 // up to what the tally may come, and what that means
	own          int64
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.quotas.mu.Lock()
	defer m.quotas.mu.Unlock()
	m.own += int64(n)
	m.tally.open += int64(n)
	if m.tally.sent += int64(n); m.tally.sent > m.until {
		return 0, exceeded("the codebases would hold more than %d bytes", m.bound)
	}
	return n, err
}
