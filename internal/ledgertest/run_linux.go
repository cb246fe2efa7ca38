// SPDX-License-Identifier: MIT

package ledgertest

import (
	"crypto/rand"
	"net"
	"os"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox/internal/engine"
	"github.com/sandbox-rls/sandbox/runtime"
)

// Soak is the environment variable that says how long the races of each row go on.
const Soak = "SANDBOX_SOAK"

// Option is a choice made for a run.
type Option func(*suite)

// WithProgram names another program than the test binary for the attacker: one that
// imports this package, such as the command in the directory attack.
func WithProgram(path string) Option { return func(s *suite) { s.path = path } }

// WithImage names the image of a runtime that has them.
func WithImage(name string) Option { return func(s *suite) { s.image = name } }

// WithLive has the sandboxes see the directory itself, not a snapshot.
func WithLive() Option { return func(s *suite) { s.live = true } }

// WithEngine says that an engine makes the users of the sandboxes, and their limits.
func WithEngine() Option { return func(s *suite) { s.engines = true } }

type suite struct {
	runtime  runtime.Runtime
	engine   *engine.Engine
	program  []byte
	path     string
	image    string
	live     bool
	engines  bool
	duration time.Duration
	abstract string
	boxes    int // so far
}

// Run makes the attacks of the ledger in the sandboxes of a runtime. Those of a row
// are in the subtest that is called like it; in its subtest Guardless the guard is
// gone, and in MountAlone there never was one, and the filter traps nothing.
func Run(t *testing.T, rt runtime.Runtime, opts ...Option) {
	s := &suite{runtime: rt, path: "/proc/self/exe", duration: 2 * time.Second}
	for _, opt := range opts {
		opt(s)
	}
	var err error
	if soak := os.Getenv(Soak); soak != "" {
		s.duration, err = time.ParseDuration(soak)
		check(t, err)
	}
	s.program, err = os.ReadFile(s.path)
	check(t, err)
	s.engine, err = engine.Open("", rt.Owner())
	check(t, err)
	t.Cleanup(func() { _ = s.engine.Close() })
	s.listen(t)

	there, gone, alone := s.newBox(t, guardThere), s.newBox(t, guardGone), s.newBox(t, mountAlone)
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			there.make(t, r, orders{Duration: s.duration, Abstract: s.abstract})
			t.Run("Guardless", func(t *testing.T) {
				gone.make(t, r, orders{Duration: s.duration / 10, Abstract: s.abstract})
			})
			t.Run("MountAlone", func(t *testing.T) {
				alone.make(t, r, orders{Duration: s.duration / 5, Abstract: s.abstract})
			})
		})
	}
	t.Run("GuardFlooded", func(t *testing.T) { s.flood(t, there) })
	t.Run("DescriptorsInFlight", func(t *testing.T) { s.descriptorsInFlight(t, there) })
	t.Run("InotifyInstances", func(t *testing.T) { s.inotifyInstances(t, there) })
}

// listen listens at an abstract address of the host.
func (s *suite) listen(t *testing.T) {
	t.Helper()
	s.abstract = "ledger-" + rand.Text()
	l, err := net.Listen("unix", "@"+s.abstract)
	check(t, err)
	t.Cleanup(func() { l.Close() })
}
