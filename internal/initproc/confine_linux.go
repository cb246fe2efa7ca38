// SPDX-License-Identifier: MIT

package initproc

import (
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/control"
)

// confine gives up what the process holds: capabilities, the right to gain
// any, and the system calls that the filter refuses. It returns the listener,
// or -1 when the filter has none. All of it holds for the calling thread,
// which is the one that executes the second stage.
func confine(s *control.Setup, self int) (int, *control.Fault) {
	if err := dropCapabilities(); err != nil {
		return -1, fault("drop capabilities", err)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return -1, fault("set no_new_privs", err)
	}
	if len(s.Readable) > 0 {
		if err := restrictReading(s.Readable, self); err != nil {
			return -1, fault("restrict reading by Landlock", err)
		}
	}
	listener, err := installFilter(s.Filter, s.Notify)
	if err != nil {
		return -1, fault("install the seccomp filter", err)
	}
	return listener, nil
}

// dropCapabilities empties all five sets, the bounding set first, since that
// needs CAP_SETPCAP, unless it is empty as in a container.
func dropCapabilities() error {
	for c := uintptr(0); ; c++ {
		err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0)
		if err == unix.EPERM {
			var in int
			if in, err = unix.PrctlRetInt(unix.PR_CAPBSET_READ, c, 0, 0, 0); err == nil && in != 0 {
				err = unix.EPERM
			}
		}
		if err == unix.EINVAL && c > 0 {
			break // past the last capability that this kernel knows
		}
		if err != nil {
			return err
		}
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return err
	}
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	return unix.Capset(&hdr, &none[0])
}

// dropCapability takes one capability out of the sets of the calling thread.
func dropCapability(c uint) error {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var have [2]unix.CapUserData
	if err := unix.Capget(&hdr, &have[0]); err != nil {
		return err
	}
	set, bit := &have[c/32], uint32(1)<<(c%32)
	set.Effective &^= bit
	set.Permitted &^= bit
	set.Inheritable &^= bit
	return unix.Capset(&hdr, &have[0])
}

// installFilter loads a seccomp program. WAIT_KILLABLE_RECV keeps a
// notification that the guard has taken from being interrupted and sent again
// for ever by a runtime that preempts its threads with signals, as Go does.
func installFilter(program []byte, notify bool) (int, error) {
	if len(program) == 0 || len(program)%8 != 0 {
		return -1, unix.EINVAL
	}
	prog := unix.SockFprog{
		Len:    uint16(len(program) / 8),
		Filter: (*unix.SockFilter)(unsafe.Pointer(&program[0])),
	}
	flags := uintptr(0)
	if notify {
		flags = unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
	}
	fd, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		return -1, errno
	}
	if !notify {
		return -1, nil
	}
	return int(fd), nil
}

// restrictReading makes files readable and executable beneath the given
// directories only, besides the init's own program, which no path in the
// sandbox leads to. Listing stays possible everywhere.
func restrictReading(dirs []string, self int) error {
	const rights = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_EXECUTE
	attr := unix.LandlockRulesetAttr{Handled_access_fs: rights}
	// Only the first field: the size that every Landlock ABI knows.
	fd, _, errno := unix.RawSyscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), 8, 0)
	if errno != 0 {
		return errno
	}
	defer unix.Close(int(fd))
	if err := allowReading(int(fd), self, rights); err != nil {
		return err
	}
	for _, dir := range dirs {
		parent, err := unix.Open(dir, unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		err = allowReading(int(fd), parent, rights)
		unix.Close(parent)
		if err != nil {
			return err
		}
	}
	_, _, errno = unix.RawSyscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

func allowReading(ruleset, parent int, rights uint64) error {
	rule := unix.LandlockPathBeneathAttr{Allowed_access: rights, Parent_fd: int32(parent)}
	_, _, errno := unix.RawSyscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), unix.LANDLOCK_RULE_PATH_BENEATH,
		uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
