// SPDX-License-Identifier: MIT

package metrics

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sandbox-rls/sandbox"
)

// How long what was counted is told again, and how long counting may take.
const (
	countedFor = 5 * time.Second
	patience   = 5 * time.Second
)

// Lister lists sandboxes; a sandbox.Service does.
type Lister interface {
	ListSandboxes(ctx context.Context, req sandbox.ListSandboxesRequest) (*sandbox.SandboxPage, error)
}

// Sandboxes is a collector of how many sandboxes there are in each state. It lists
// them when it is asked, every few seconds at most.
type Sandboxes struct {
	list   Lister
	count  *prometheus.Desc
	parked *prometheus.Desc

	mu     sync.Mutex
	taken  time.Time
	states map[sandbox.Status]int
	idle   int
}

var _ prometheus.Collector = (*Sandboxes)(nil)

// NewSandboxes returns a collector for those of a service.
func NewSandboxes(l Lister) *Sandboxes {
	return &Sandboxes{
		list:   l,
		count:  prometheus.NewDesc("sandbox_sandboxes", "Sandboxes by status.", []string{"status"}, nil),
		parked: prometheus.NewDesc("sandbox_sandboxes_parked", "Running sandboxes that have no process at the moment.", nil, nil),
	}
}

// Describe implements prometheus.Collector.
func (s *Sandboxes) Describe(ch chan<- *prometheus.Desc) {
	ch <- s.count
	ch <- s.parked
}

// Collect implements prometheus.Collector.
func (s *Sandboxes) Collect(ch chan<- prometheus.Metric) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.taken) > countedFor {
		if err := s.take(); err != nil {
			ch <- prometheus.NewInvalidMetric(s.count, err)
			return
		}
	}
	for _, status := range []sandbox.Status{sandbox.StatusPending, sandbox.StatusRunning, sandbox.StatusStopped, sandbox.StatusError} {
		ch <- prometheus.MustNewConstMetric(s.count, prometheus.GaugeValue, float64(s.states[status]), string(status))
	}
	ch <- prometheus.MustNewConstMetric(s.parked, prometheus.GaugeValue, float64(s.idle))
}

func (s *Sandboxes) take() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	states, idle := map[sandbox.Status]int{}, 0
	for req := (sandbox.ListSandboxesRequest{PageSize: sandbox.MaxPageSize}); ; {
		page, err := s.list.ListSandboxes(ctx, req)
		if err != nil {
			return err
		}
		for i := range page.Sandboxes {
			states[page.Sandboxes[i].Status]++
			if page.Sandboxes[i].Parked {
				idle++
			}
		}
		if req.PageToken = page.NextPageToken; req.PageToken == "" {
			s.states, s.idle, s.taken = states, idle, time.Now()
			return nil
		}
	}
}
