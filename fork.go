// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"log/slog"
	"maps"
	"time"

	"github.com/sandbox-rls/sandbox/internal/engine"
)

// ForkRequest says in what a fork differs from the sandbox that it is made of.
type ForkRequest struct {
	// Labels are all of its labels. Nil: those of the other.
	Labels map[string]string `json:"labels,omitempty"`
	// Resources are its limits. Nil: those of the other. A disk limit cannot be
	// below what the other has changed.
	Resources *ResourceLimits `json:"resources,omitempty"`
	// BestEffort lets it be made although not all limits can be enforced.
	BestEffort bool `json:"best_effort,omitempty"`
	// ExpiresIn and IdleTimeout are as in CreateSandboxRequest. It expires when it
	// is told to, not with the other.
	ExpiresIn   time.Duration `json:"expires_in,omitempty"`
	IdleTimeout time.Duration `json:"idle_timeout,omitempty"`
	// Start starts it at once.
	Start bool `json:"start,omitempty"`

	logger *slog.Logger
}

// Validate reports what makes no sense in a request, as ErrInvalid.
func (r *ForkRequest) Validate() error {
	if r.ExpiresIn < 0 || r.IdleTimeout < 0 {
		return invalidf("a negative time to live")
	}
	if r.Resources != nil {
		if err := r.Resources.Validate(); err != nil {
			return because(ErrInvalid, err)
		}
	}
	return checkLabels(r.Labels)
}

// forkRequest is what the options of Sandbox.Fork ask for.
func (o *options) forkRequest() (ForkRequest, error) {
	switch {
	case o.preset != "" || o.ruled || len(o.ignore) > 0:
		return ForkRequest{}, invalidf("a fork has the rules of what it is made of")
	case o.req.Runtime != "" || o.req.Image != "" || o.req.Network != "" || o.req.Live || o.service != nil:
		return ForkRequest{}, invalidf("a fork has the runtime, image, network and source of what it is made of")
	}
	r := ForkRequest{
		Labels: o.req.Labels, BestEffort: o.req.BestEffort, ExpiresIn: o.req.ExpiresIn, IdleTimeout: o.req.IdleTimeout,
		Start: !o.noStart, logger: o.req.logger,
	}
	if o.req.Resources != (ResourceLimits{}) {
		r.Resources = &o.req.Resources
	}
	return r, nil
}

// Fork makes another sandbox from the state of one, as DeltaService says.
func (m *Manager) Fork(ctx context.Context, sandboxID string, req ForkRequest) (info *Info, err error) {
	_, err = m.change("fork", sandboxID, func(s *resident) (err error) {
		info, err = s.fork(ctx, req)
		return err
	})
	return info, err
}

func (s *resident) fork(ctx context.Context, req ForkRequest) (*Info, error) {
	fail := func(err error) (*Info, error) { return nil, s.fail("fork", "", err) }
	if err := req.Validate(); err != nil {
		return fail(err)
	}
	done, err := s.begin(ctx)
	if err != nil {
		return fail(err)
	}
	defer done()
	w, err := s.tree(ctx)
	if err != nil {
		return fail(err)
	}
	r, err := s.forkRecord(&req)
	if err != nil {
		return fail(err)
	}
	other, err := s.manager.engine.Fork(ctx, r.Info.ID, w, engine.DiskLimit{Bytes: r.Info.Resources.DiskBytes, BestEffort: r.BestEffort})
	if err != nil {
		return fail(err)
	}
	f := s.manager.newResident(r, s.policy, s.runtime, req.logger)
	f.workspace = other
	if err := f.establish(ctx, req.Start); err != nil {
		return fail(err)
	}
	return f.info(), nil
}

// forkRecord is the record of a fork that is to be.
func (s *resident) forkRecord(req *ForkRequest) (sandboxRecord, error) {
	id, err := newID("sb")
	if err != nil {
		return sandboxRecord{}, err
	}
	s.mu.Lock()
	r := s.record
	s.mu.Unlock()
	i := r.Info.clone()
	i.ID, i.Parent, i.Status, i.Created = id, s.id, StatusPending, time.Now()
	i.Started, i.Stopped, i.Expires, i.Enforced = time.Time{}, time.Time{}, time.Time{}, nil
	if req.Labels != nil {
		i.Labels = maps.Clone(req.Labels)
	}
	if req.Resources != nil {
		i.Resources = *req.Resources
	}
	if req.IdleTimeout > 0 {
		i.IdleTimeout = req.IdleTimeout
	}
	if req.ExpiresIn > 0 {
		i.Expires = i.Created.Add(req.ExpiresIn)
	}
	r.Info, r.Checkpoints = *i, nil
	r.BestEffort = r.BestEffort || req.BestEffort
	return r, nil
}
