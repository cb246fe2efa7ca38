// SPDX-License-Identifier: MIT

package sandbox_test

import (
	"net"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox"
)

// TestLedgerLiveSpecialFiles: a socket and a FIFO that the host makes in the
// directory while a sandbox sees it are not the host's there, at any level.
func TestLedgerLiveSpecialFiles(t *testing.T) {
	for _, preset := range []string{"read-only", "full-access", "view-only", "agent-safe"} {
		t.Run(preset, func(t *testing.T) {
			dir := project(t, map[string]string{"file": "x"})
			sb := start(t, dir, sandbox.WithPreset(preset), sandbox.WithLive())
			l, err := net.Listen("unix", filepath.Join(dir, "socket"))
			check(t, err)
			defer l.Close()
			fifo := filepath.Join(dir, "fifo")
			check(t, unix.Mkfifo(fifo, 0o666))
			check(t, unix.Chmod(fifo, 0o666))
			check(t, unix.Chmod(filepath.Join(dir, "socket"), 0o777))
			reader, err := unix.Open(fifo, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
			check(t, err)
			defer unix.Close(reader)

			mustNot(t, sb, `python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect("socket")'`)
			mustNot(t, sb, `python3 -c 'import os; os.write(os.open("fifo", os.O_WRONLY | os.O_NONBLOCK), b"x")'`)
			// A reader of its own lets the writer in, and reads what that wrote.
			sb.Run(t.Context(), `python3 -c 'import os; os.write(os.open("fifo", os.O_RDWR | os.O_NONBLOCK), b"x")'`)
			if n, _ := unix.Read(reader, make([]byte, 1)); n > 0 {
				t.Error("the host read from its FIFO what was written in the sandbox")
			}
		})
	}
}
