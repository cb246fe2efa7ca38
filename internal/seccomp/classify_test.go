// SPDX-License-Identifier: MIT

package seccomp_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sandbox-rls/sandbox/internal/seccomp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// highest returns the highest number that has a name.
func highest(a seccomp.Arch) uint32 {
	var last uint32
	for nr := range uint32(4096) {
		if seccomp.Name(a, nr) != "" {
			last = nr
		}
	}
	return last
}

// TestEveryNumberIsClassified fails when the kernel has grown a system call, or
// a new version of Docker's profile mentions fewer: put it into a table then.
func TestEveryNumberIsClassified(t *testing.T) {
	for _, a := range arches {
		t.Run(a.String(), func(t *testing.T) {
			var golden strings.Builder
			for nr := range highest(a) + 33 {
				v, ok := seccomp.Classify(a, nr)
				name := seccomp.Name(a, nr)
				if !ok {
					t.Errorf("nobody classified %d (%q)", nr, name)
				}
				verdict := v.String()
				if name == "" {
					name, verdict = "-", "unassigned: "+verdict
				}
				fmt.Fprintf(&golden, "%d\t%s\t%s\n", nr, name, verdict)
			}
			checkGolden(t, a.String()+".golden", golden.String())
		})
	}
}

func checkGolden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); run with -update if that is meant:\n%s", file, diff)
	}
}

func TestUnknownIsNotClassified(t *testing.T) {
	for _, a := range append(arches, 0, 9) {
		for _, nr := range []uint32{512, 4096, 1 << 30, 1<<30 | 1, 1<<32 - 1} {
			v, ok := seccomp.Classify(a, nr)
			if ok || v.Class() != seccomp.Deny || v.Otherwise.Errno != seccomp.ENOSYS {
				t.Errorf("Classify(%v, %#x) = %v, %v; want ENOSYS, false", a, nr, v, ok)
			}
		}
	}
}

func TestNamesAndNumbersAgree(t *testing.T) {
	for _, a := range arches {
		for nr := range highest(a) + 1 {
			name := seccomp.Name(a, nr)
			if name == "" {
				continue
			}
			if back, ok := seccomp.Number(a, name); !ok || back != nr {
				t.Errorf("%v: %s is %d, and back %d, %v", a, name, nr, back, ok)
			}
		}
	}
	for name, want := range map[string]uint32{"read": 0, "openat": 257, "rseq_slice_yield": 471} {
		if got := number(t, seccomp.AMD64, name); got != want {
			t.Errorf("amd64 %s = %d, want %d", name, got, want)
		}
	}
	for name, want := range map[string]uint32{"read": 63, "openat": 56, "rseq_slice_yield": 471} {
		if got := number(t, seccomp.ARM64, name); got != want {
			t.Errorf("arm64 %s = %d, want %d", name, got, want)
		}
	}
	if _, ok := seccomp.Number(seccomp.ARM64, "open"); ok {
		t.Error("arm64 has open")
	}
}

// TestTablesHaveNoTypos finds names that no architecture has, and names with
// two verdicts.
func TestTablesHaveNoTypos(t *testing.T) {
	seen := make(map[string]bool)
	for _, name := range seccomp.WrittenByHand() {
		if seen[name] {
			t.Errorf("%s is in the tables twice", name)
		}
		seen[name] = true
		_, amd64 := seccomp.Number(seccomp.AMD64, name)
		_, arm64 := seccomp.Number(seccomp.ARM64, name)
		if !amd64 && !arm64 {
			t.Errorf("no architecture has %s", name)
		}
	}
}
