// SPDX-License-Identifier: MIT

package fsguard_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/runtime"
	"github.com/sandbox-rls/sandbox/runtime/bwrap"
	"github.com/sandbox-rls/sandbox/runtime/native"
)

// TestTogether has files handed over in a sandbox on one core, until the process is seen
// to be bound to one. It knows nothing of that.
func TestTogether(t *testing.T) {
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		t.Fatal(err)
	}
	if all.Count() < 2 {
		t.Skip("this process may run on one core alone, from which nothing can be kept")
	}
	fsguard.KeepTogether(t)
	n, b := native.New(), bwrap.New()
	defer n.Close()
	defer b.Close()
	for name, rt := range map[string]runtime.Runtime{"native": n, "bwrap": b} {
		t.Run(name, func(t *testing.T) { testTogether(t, rt, all) })
	}
}

func testTogether(t *testing.T, rt runtime.Runtime, all unix.CPUSet) {
	box, _ := newBox(t, rt, t.TempDir(), fsguard.Rule{Pattern: "/**", Permission: fsguard.Write})
	marker := "together-" + strconv.FormatInt(time.Now().UnixNano(), 36)
	const allowed = "grep Cpus_allowed_list /proc/self/status"
	stdin, stdout, p := start(t, box, "# "+marker+"\n"+allowed+`
		echo ready
		until [ -e enough ]; do
			for i in 1 2 3 4 5 6 7 8 9 10; do : > f; done
		done
		`+allowed)
	defer stdin.Close()
	var out bytes.Buffer
	for !strings.HasSuffix(out.String(), "ready\n") {
		if _, err := io.CopyN(&out, stdout, 1); err != nil {
			t.Fatalf("%q: %v", out.String(), err)
		}
	}
	tid := withArgument(t, marker)
	bound := false
	for deadline := time.Now().Add(time.Minute); !bound && time.Now().Before(deadline); {
		var theirs unix.CPUSet
		if err := unix.SchedGetaffinity(tid, &theirs); err != nil {
			t.Fatal(err)
		}
		bound = theirs.Count() == 1
	}
	if !bound {
		t.Error("no file was handed over on one core")
	}
	if err := box.Files.WriteFile("/enough", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(&out, stdout); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	before, after, _ := strings.Cut(out.String(), "ready\n")
	if before != after || !strings.Contains(before, "Cpus_allowed_list") {
		t.Errorf("before: %s\nafter: %s", before, after)
	}
}

// withArgument returns the process that has a word among its arguments.
func withArgument(t *testing.T, word string) int {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		names, err := filepath.Glob("/proc/[0-9]*/cmdline")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil || !bytes.Contains(data, []byte(word)) {
				continue
			}
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name)))
			if err != nil {
				t.Fatal(err)
			}
			return pid
		}
	}
	t.Fatal("the process was not found")
	return 0
}
