// SPDX-License-Identifier: MIT

package fsguard

import (
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TestInterruptedIoctls has what a guard asks of a listener interrupted, as the runtime
// does with the signals by which it preempts threads: nothing of it may be lost.
func TestInterruptedIoctls(t *testing.T) {
	before := ioctl
	t.Cleanup(func() { ioctl = before })
	asked := map[uint]int{}
	ioctl = func(_ int, req uint, _ unsafe.Pointer) (int, unix.Errno) {
		if asked[req]++; asked[req] < 3 {
			return -1, unix.EINTR
		}
		return 7, 0
	}
	if !valid(0, 1) {
		t.Error("a process that waits is taken for gone")
	}
	if fd, err := inject(0, 1, 2, true); fd != 7 || err != nil {
		t.Errorf("a file was not put into the process: %d, %v", fd, err)
	}
	send(0, &response{ID: 1})
	for name, req := range map[string]uint{
		"valid": unix.SECCOMP_IOCTL_NOTIF_ID_VALID, "inject": unix.SECCOMP_IOCTL_NOTIF_ADDFD, "send": unix.SECCOMP_IOCTL_NOTIF_SEND,
	} {
		if asked[req] != 3 {
			t.Errorf("%s asked %d times, want 3", name, asked[req])
		}
	}
}
