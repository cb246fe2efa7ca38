// SPDX-License-Identifier: MIT

package ledgertest

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// race does something over and over while a thread of its own changes what that
// depends on. Of n races in a row each has its share of the time. The race has met
// what it looks for only if some attempts were let through and others refused; when
// the guard is gone, none may be let through.
func race(n int, change func(i int), attempts func() []error) error {
	var stop atomic.Bool
	var changer sync.WaitGroup
	changer.Go(func() {
		runtime.LockOSThread()
		for i := 0; !stop.Load(); i++ {
			change(i)
		}
	})
	done, refused := 0, 0
	for end := time.Now().Add(told.Duration / time.Duration(n)); ; {
		for _, err := range attempts() {
			if err == nil {
				done++
			} else {
				refused++
			}
		}
		// On a busy machine the two may have run one after the other.
		met := told.Mode != guardThere || done > 0 && refused > 0
		if now := time.Now(); met && now.After(end) || now.After(end.Add(20*time.Second)) {
			break
		}
	}
	stop.Store(true)
	changer.Wait()
	if told.Mode == guardGone && done > 0 || told.Mode == guardThere && (done == 0 || refused == 0) {
		return fmt.Errorf("let through %d, refused %d", done, refused)
	}
	return nil
}

// raced is the outcome of a race: "held" if what must not change has not.
func raced(err error, intact ...func() error) (string, error) {
	for _, check := range intact {
		if broken := check(); broken != nil {
			return "", broken
		}
	}
	if err != nil {
		return "", err
	}
	return "held", nil
}

// has checks that a file has still its content and may be read by its owner alone
// to the degree that it could.
func has(path, content string) func() error {
	return func() error {
		var st unix.Stat_t
		if err := unix.Lstat(path, &st); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		got, err := cat(path)
		if err != nil || got != content || st.Mode != unix.S_IFREG|0o644 {
			return fmt.Errorf("%s is %q, %o: %w", path, got, st.Mode, err)
		}
		return nil
	}
}

// lacks checks that there is nothing of a name.
func lacks(path string) func() error {
	return func() error {
		var st unix.Stat_t
		if err := unix.Lstat(path, &st); err != unix.ENOENT {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	}
}

// closed checks that a file cannot be read.
func closed(path string) func() error {
	return func() error {
		if got, err := cat(path); err != unix.EACCES {
			return fmt.Errorf("%s: %q, %w", path, got, err)
		}
		return nil
	}
}
