// SPDX-License-Identifier: MIT

package delta_test

import (
	"os"
	"strconv"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/delta"
)

// shuffle makes dir/x, and dir/x/x where that is a directory, one thing after
// the other until it is stopped.
func shuffle(t *testing.T, dir string) {
	t.Helper()
	kinds := t.TempDir()
	put(t, kinds+"/0", "file")
	put(t, kinds+"/1/x/x", "file in a directory")
	must(t, os.Symlink("/etc", kinds+"/2"))
	must(t, unix.Mkfifo(kinds+"/3", 0o644))
	must(t, os.Mkdir(kinds+"/4", 0o755))
	must(t, os.Symlink("/etc/passwd", kinds+"/4/x"))
	must(t, unix.Mknod(kinds+"/5", unix.S_IFCHR, 0))
	put(t, dir+"/x", "")
	var over atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; !over.Load(); i++ {
			next := kinds + "/" + strconv.Itoa(i%6)
			if i%7 == 0 { // for a moment, nothing
				_ = os.Rename(dir+"/x", kinds+"/aside")
				_ = os.Rename(kinds+"/aside", dir+"/x")
			}
			_ = unix.Renameat2(unix.AT_FDCWD, next, unix.AT_FDCWD, dir+"/x", unix.RENAME_EXCHANGE)
		}
	}()
	t.Cleanup(func() { over.Store(true); <-done })
}

// TestMeanwhile reads layers whose files become others all the time: commands
// work on the upper one, and its owner on a lower one that is live.
func TestMeanwhile(t *testing.T) {
	for name, busy := range map[string]func(o *overlay) string{
		"upper": func(o *overlay) string { return o.upper },
		"lower": (*overlay).code,
	} {
		t.Run(name, func(t *testing.T) {
			o := newOverlay(t, t.TempDir())
			put(t, o.code()+"/y/z", "old")
			put(t, o.upper+"/y", "a file")
			put(t, o.code()+"/x/x/x", "old")
			put(t, o.upper+"/x/y", "new")
			must(t, os.RemoveAll(busy(o)+"/x"))
			shuffle(t, busy(o))
			for range 1500 {
				_, err := delta.Changes(o.layers())
				must(t, err)
				_, _, err = delta.Size(o.upper)
				must(t, err)
				r, err := delta.OpenReader(o.layers())
				must(t, err)
				for _, path := range []string{"/x", "/x/x", "/x/x/x"} {
					_, err := r.Read(path, 100)
					must(t, err)
				}
				r.Close()
			}
		})
	}
}
