// SPDX-License-Identifier: MIT

package ledgertest

import (
	"syscall"
	"testing"
	"time"
)

// flood has many processes of one sandbox ask the guard all the time, which serves
// another of the same owner meanwhile, and the flooded one again afterwards.
func (s *suite) flood(t *testing.T, flooded *box) {
	other := s.newBox(t, guardThere)
	before := flooded.delta(t)
	out, p := flooded.begin(t, []string{ws + program, attackArg, "flood"})
	defer out.Close()
	if _, err := out.Read(make([]byte, len("flooding\n"))); err != nil {
		t.Fatal(err)
	}
	served := 0
	for until := time.Now().Add(s.duration); time.Now().Before(until) || served == 0; served++ {
		write(t, other)
	}
	t.Logf("another sandbox was served %d times", served)
	check(t, p.Signal(syscall.SIGKILL))
	_, _ = end(t, out, p, patience)
	write(t, flooded)
	flooded.holds(t, before)
}

// write writes a file in a sandbox.
func write(t *testing.T, b *box) {
	t.Helper()
	out, p := b.begin(t, []string{ws + program, attackArg, "writer"})
	if said, st := end(t, out, p, patience); st.ExitCode != 0 {
		t.Fatalf("it was not served: %s", said)
	}
}
