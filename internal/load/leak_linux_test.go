// SPDX-License-Identifier: MIT

package load_test

import (
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/internal/required"
)

const (
	// spareThreads is by how many the program's threads may grow: the Go runtime keeps
	// each that it has once needed.
	spareThreads = 8
	// spareMemory is by how much the heap, and the resident memory, may grow.
	spareHeap, spareResident = 4 << 20, 64 << 20
)

// TestNothingIsLeft makes, uses and destroys sandboxes one after the other, two at a
// time. What the machine holds afterwards is no more than it held after the first few.
func TestNothingIsLeft(t *testing.T) {
	b := newBench(t)
	s := scaled()
	round := func(i int) error {
		var opts []sandbox.Option
		if i%2 == 0 { // with cgroups, where they can be had
			opts = append(opts, sandbox.WithResources(sandbox.ResourceLimits{PidsLimit: 50, MemoryBytes: 64 << 20}), sandbox.WithBestEffortLimits())
		}
		sb, err := b.m.FromCodebase(b.Context(), b.codebase, opts...)
		if err != nil {
			return err
		}
		want := strconv.Itoa(i) + "\n"
		if err := b.says(sb, "echo "+strconv.Itoa(i)+" > output/f; cat output/f", want); err != nil {
			return err
		}
		return sb.Destroy(b.Context())
	}
	b.each(50, 2, round)
	before := settled(b)
	if os.Geteuid() == 0 && before.exact["cgroups"] == 0 {
		required.Missing(t, "cgroups", "none were made")
	}
	began := time.Now()
	var done atomic.Int64
	b.each(s.rounds, 2, func(i int) error {
		if s.enough > 0 && time.Since(began) > s.enough {
			return nil
		}
		done.Add(1)
		return round(i)
	})
	t.Logf("%d rounds in %v", done.Load(), time.Since(began).Round(time.Millisecond))
	deadline := time.Now().Add(time.Minute)
	for {
		after := settled(b)
		if !after.more(before) && after.threads <= before.threads+spareThreads && after.heap <= before.heap+spareHeap && after.resident <= before.resident+spareResident {
			t.Logf("before %+v, after %+v", before, after)
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("threads, heap and memory: %+v before and %+v after\n%s", before, after, cmp.Diff(before.exact, after.exact))
		}
		time.Sleep(200 * time.Millisecond)
	}
}
