// SPDX-License-Identifier: MIT

package tree_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// TestNamesOnce lists a directory in which names are removed and made again. A tmpfs
// then gives some of them twice.
func TestNamesOnce(t *testing.T) {
	for _, base := range []string{t.TempDir(), "/dev/shm"} {
		t.Run(base, func(t *testing.T) { namesOnce(t, base) })
	}
}

func namesOnce(t *testing.T, base string) {
	dir, err := os.MkdirTemp(base, "names")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	again := func(i int) {
		name := filepath.Join(dir, fmt.Sprint(i%64))
		_ = os.Remove(name)
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Error(err)
		}
	}
	for i := range 64 {
		again(i)
	}
	var stop atomic.Bool
	var maker sync.WaitGroup
	maker.Go(func() {
		for i := 0; !stop.Load(); i++ {
			again(i)
		}
	})
	defer maker.Wait()
	defer stop.Store(true)
	buf := make([]byte, 64) // few names a call
	for range 2000 {
		fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		names, err := tree.Names(fd, "/", buf)
		unix.Close(fd)
		if err != nil {
			t.Fatal(err)
		}
		if once := slices.Compact(slices.Clone(names)); len(once) != len(names) {
			t.Fatalf("a name is there twice: %q", names)
		}
	}
}
