// SPDX-License-Identifier: MIT

package pty_test

import (
	"errors"
	"os"
	"testing"

	creack "github.com/creack/pty"

	"github.com/sandbox-rls/sandbox/internal/pty"
)

// TestResizeWhileItIsClosed resizes a terminal that somebody else closes: the number
// of a descriptor that is closed may be another file's by then. The race detector sees it.
func TestResizeWhileItIsClosed(t *testing.T) {
	for range 20 {
		master, slave, err := creack.Open()
		if err != nil {
			t.Fatal(err)
		}
		begun, ended := make(chan struct{}), make(chan error, 1)
		go func() {
			close(begun)
			var err error
			for err == nil {
				err = pty.Resize(master, pty.Size{Rows: 10, Cols: 20})
			}
			ended <- err
		}()
		<-begun
		if size, err := creack.GetsizeFull(slave); err != nil || size.Rows != 10 && size.Rows != 0 {
			t.Errorf("the size is %+v, %v", size, err)
		}
		master.Close()
		if err := <-ended; !errors.Is(err, os.ErrClosed) {
			t.Errorf("a terminal that is closed: %v", err)
		}
		slave.Close()
	}
}

func TestResize(t *testing.T) {
	master, slave, err := creack.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	defer slave.Close()
	for given, want := range map[pty.Size]pty.Size{{}: {Rows: 24, Cols: 80}, {Rows: 1, Cols: 1<<16 - 1}: {Rows: 1, Cols: 1<<16 - 1}} {
		if err := pty.Resize(master, given); err != nil {
			t.Fatal(err)
		}
		size, err := creack.GetsizeFull(slave)
		if err != nil || size.Rows != want.Rows || size.Cols != want.Cols {
			t.Errorf("of %+v: %+v, %v", given, size, err)
		}
	}
}
