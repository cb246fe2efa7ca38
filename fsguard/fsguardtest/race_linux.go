// SPDX-License-Identifier: MIT

package fsguardtest

import (
	"strconv"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// raceCalls change things while others change what leads to them.
var raceCalls = map[string]call{"race": race}

// race writes, in all ways, to Path/file and names beside it, Size times, while
// another thread keeps exchanging Path with To. It tells whether both outcomes
// were met: what is made must be made now here, now there.
func race(p *prober, o *op, at spot) (string, error) {
	dir, other := at.path, p.to(o)
	var stop atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		for !stop.Load() {
			_ = unix.Renameat2(at.dir, dir, at.dir, other, unix.RENAME_EXCHANGE)
		}
	})
	done, refused := 0, 0
	for i := range int(o.Size) {
		for _, err := range attack(at.dir, dir, i) {
			if err == nil {
				done++
			} else {
				refused++
			}
		}
	}
	stop.Store(true)
	wg.Wait()
	if done == 0 || refused == 0 {
		return "", unix.ENOTRECOVERABLE
	}
	return "", nil
}

// attack tries each kind of change beneath dir once.
func attack(at int, dir string, i int) []error {
	file := dir + "/file"
	fresh := dir + "/fresh" + strconv.Itoa(i%8)
	var errs []error
	for _, flags := range []int{unix.O_WRONLY, unix.O_RDWR | unix.O_TRUNC, unix.O_WRONLY | unix.O_CREAT | unix.O_APPEND} {
		fd, err := unix.Openat(at, file, flags|unix.O_CLOEXEC, 0o644)
		if err == nil {
			_, err = unix.Write(fd, []byte("attacked"))
			unix.Close(fd)
		}
		errs = append(errs, err)
	}
	return append(errs,
		unix.Mkdirat(at, fresh, 0o755),
		unix.Unlinkat(at, fresh, unix.AT_REMOVEDIR),
		unix.Symlinkat("x", at, fresh),
		unix.Unlinkat(at, fresh, 0),
		unix.Fchmodat(at, file, 0o600, 0),
		unix.Renameat(at, file, at, dir+"/moved"),
		unix.Renameat(at, dir+"/moved", at, file),
		unix.Linkat(at, file, at, dir+"/linked", 0),
		unix.Unlinkat(at, dir+"/linked", 0),
	)
}
