// SPDX-License-Identifier: MIT

package fsguard_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

func TestReadDirBeneath(t *testing.T) {
	box, _ := placeBox(t)
	for _, c := range []struct {
		dir, path string
		want      []string
		err       error
	}{
		{"/", "dir", []string{"file"}, nil},
		{"/", "link", nil, unix.ELOOP},
		{"/link", "file", nil, unix.ENOTDIR},
		{"/", "none", nil, unix.ENOENT},
		{"/", "hidden", nil, unix.ENOENT},
		{"/", "link/none", nil, unix.ELOOP},
		{"/", "../etc", nil, unix.EINVAL},
		{"/", "dir/.", nil, unix.EINVAL},
		{"/", "", nil, unix.EINVAL},
	} {
		entries, err := box.Files.ReadDirBeneath(c.dir, c.path)
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		if strings.Join(names, " ") != strings.Join(c.want, " ") || !errors.Is(err, c.err) {
			t.Errorf("%s, %s: got %q, %v", c.dir, c.path, names, err)
		}
	}
}

// TestReadDirWhilePlacing lists a directory into which files are brought, whose
// temporary names are not to be seen.
func TestReadDirWhilePlacing(t *testing.T) {
	box, _ := placeBox(t)
	var stop atomic.Bool
	var placer sync.WaitGroup
	defer placer.Wait()
	defer stop.Store(true)
	placer.Go(func() {
		for !stop.Load() {
			if err := box.Files.Place("/dir/placed", text("x")); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for range 1000 {
		entries, err := box.Files.ReadDir("/dir")
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if name := e.Name(); name != "file" && name != "placed" {
				t.Fatalf("%s is listed", name)
			}
		}
	}
}
