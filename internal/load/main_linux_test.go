// SPDX-License-Identifier: MIT

package load_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox"
)

// scale is how much is done.
type scale struct {
	idle, busy int
	writers    int // sandboxes that write at once, each so many files of 4 KB
	files      int
	rounds     int           // of create, run, destroy
	enough     time.Duration // after which there are no more of them; 0: never
}

// scaled is what SANDBOX_LOAD and SANDBOX_SOAK ask for.
func scaled() scale {
	if os.Getenv("SANDBOX_LOAD") == "" && os.Getenv("SANDBOX_SOAK") == "" {
		return scale{idle: 20, busy: 6, writers: 3, files: 300, rounds: 50}
	}
	s := scale{idle: 1000, busy: 100, writers: 8, files: 24 << 20 / 4096, rounds: 10_000, enough: 90 * time.Second}
	if os.Getenv("SANDBOX_SOAK") != "" {
		s.enough = 0
	}
	return s
}

// bench is a manager with a small codebase.
type bench struct {
	*testing.T
	state    string
	m        *sandbox.Manager
	codebase string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{T: t, state: t.TempDir()}
	dir := t.TempDir()
	for i := range 100 {
		b.must(os.WriteFile(filepath.Join(dir, fmt.Sprintf("file%d", i)), []byte("x\n"), 0o644))
	}
	var err error
	b.m, err = sandbox.NewManager(sandbox.Config{StateDir: b.state})
	b.must(err)
	t.Cleanup(func() { b.must(b.m.Close()) })
	c, err := b.m.ImportCodebase(t.Context(), dir)
	b.must(err)
	b.codebase = c.ID
	return b
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// each does something n times, a few of them at once, and fails with the first error.
func (b *bench) each(n, atOnce int, do func(i int) error) {
	b.Helper()
	next := make(chan int)
	errs := make([]error, n)
	var wg sync.WaitGroup
	for range atOnce {
		wg.Go(func() {
			for i := range next {
				errs[i] = do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			b.Fatalf("number %d: %v", i, err)
		}
	}
}

// hold starts n sandboxes.
func (b *bench) hold(n int, opts ...sandbox.Option) []*sandbox.Sandbox {
	b.Helper()
	boxes := make([]*sandbox.Sandbox, n)
	b.Cleanup(func() {
		b.each(n, 4, func(i int) error {
			if boxes[i] == nil {
				return nil
			}
			return boxes[i].Destroy(context.Background())
		})
	})
	b.each(n, 4, func(i int) (err error) {
		boxes[i], err = b.m.FromCodebase(b.Context(), b.codebase, opts...)
		return err
	})
	return boxes
}

// patience is how long a command may take: many of them share the cores.
const patience = 10 * time.Minute

// says runs a command, and is an error if it prints anything but what is wanted.
func (b *bench) says(sb *sandbox.Sandbox, command, want string) error {
	r, err := sb.Run(b.Context(), command, sandbox.WithTimeout(patience))
	if err == nil && (r.ExitCode != 0 || r.Stdout != want) {
		err = fmt.Errorf("%s: exit code %d, %q, %q; want %q", command, r.ExitCode, r.Stdout, r.Stderr, want)
	}
	return err
}
