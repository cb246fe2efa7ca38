// SPDX-License-Identifier: MIT

package load_test

import (
	"fmt"
	"testing"

	"github.com/sandbox-rls/sandbox"
)

// TestIdle holds many sandboxes, which do nothing for a while: each answers
// afterwards, and has kept what is its own.
func TestIdle(t *testing.T) {
	b := newBench(t)
	boxes := b.hold(scaled().idle)
	b.each(len(boxes), 4, func(i int) error { return b.says(boxes[i], fmt.Sprintf("echo %d > /tmp/mine", i), "") })
	b.each(len(boxes), 4, func(i int) error { return b.says(boxes[i], "cat /tmp/mine file7", fmt.Sprintf("%d\nx\n", i)) })
}

// TestBusy has many sandboxes work all at once: forking, writing through the guard
// and asking for what they may not have.
func TestBusy(t *testing.T) {
	b := newBench(t)
	boxes := b.hold(scaled().busy, sandbox.WithPreset("agent-safe"))
	const work = `set -e
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	echo $i > output/f$i
	cat output/f$i file$i > output/g$i
	mv output/g$i output/h$i
	if echo x 2>/dev/null > file$i; then echo "wrote file$i"; fi
done
ls output | wc -l; cat output/h20`
	b.each(len(boxes), len(boxes), func(i int) error { return b.says(boxes[i], work, "40\n20\nx\n") })
}

// TestSmallFiles has sandboxes write small files at once, as many as 24 MB/s are in a
// second: all are there afterwards, as they were written, and are changes.
func TestSmallFiles(t *testing.T) {
	b := newBench(t)
	s := scaled()
	boxes := b.hold(s.writers, sandbox.WithPreset("full-access"))
	b.each(len(boxes), len(boxes), func(i int) error {
		sb := boxes[i]
		command := fmt.Sprintf(`python3 -c '
import os
os.mkdir("d")
for i in range(%d):
    with open("d/%%d" %% i, "wb") as f: f.write(b"%%04d" %% (i %% 10000) * 1024)
'; find d -type f -size 4096c | wc -l; cat d/17 | cut -c 1-4`, s.files)
		if err := b.says(sb, command, fmt.Sprintf("%d\n0017\n", s.files)); err != nil {
			return err
		}
		changes, err := sb.Changes(b.Context())
		if err == nil && len(changes) != s.files+1 {
			err = fmt.Errorf("%d changes of %d", len(changes), s.files+1)
		}
		return err
	})
}
