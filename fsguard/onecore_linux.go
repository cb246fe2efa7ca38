// SPDX-License-Identifier: MIT

package fsguard

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// apart is what a hand-over takes at least that goes to another core and back, where that
// is slower than to prevent it. It is another one in tests.
var apart = 25 * time.Microsecond

// together is how many hand-overs are kept on one core before another shows whether
// that is still worth while.
const together = 256

// oneCore keeps hand-overs on one core.
//
// To put a file into a thread the kernel wakes the thread, which takes the file and
// wakes the worker. Other than a notification and its answer (see wakeSync), either
// goes to another core if one is idle. That does no harm where a core is awake within a
// few microseconds. In a virtual machine, where the host has to see to it, it takes
// several times as long as all the rest. There both are bound to the core that they are
// on until the thread has the file, and nothing but sched_setaffinity(2) does that.
//
// A thread is bound only while it waits for its answer, and only if it may run
// wherever this process may, so that nothing of its own is lost: it is allowed all cores again then.
// What its cpuset says holds whatever else does.
type oneCore struct {
	everywhere unix.CPUSet // where whoever was never bound runs
	left       int         // hand-overs that are to be kept on one core
	idle       bool        // it never does anything
}

// allCores is what undoes a binding.
var allCores = func() (s unix.CPUSet) {
	for i := range s {
		s[i] = ^s[i]
	}
	return s
}()

// newOneCore is for the calling thread, which is locked.
func newOneCore() oneCore {
	k := oneCore{idle: true}
	var own unix.CPUSet
	if unix.SchedGetaffinity(0, &own) != nil || own.Count() < 2 || unix.SchedSetaffinity(0, &allCores) != nil {
		return k
	}
	if unix.SchedGetaffinity(0, &k.everywhere) != nil || own != k.everywhere {
		_ = unix.SchedSetaffinity(0, &own) // somebody has bound this process
		return k
	}
	k.idle = false
	return k
}

// handOver calls inject, which puts a file into a thread.
func (k *oneCore) handOver(tid int, inject func() (int, error)) (int, error) {
	if k.idle {
		return inject()
	}
	if k.left == 0 {
		began := time.Now()
		n, err := inject()
		if time.Since(began) > apart {
			k.left = together
		}
		return n, err
	}
	k.left--
	here, ok := k.bind(tid)
	if !ok {
		return inject()
	}
	defer k.free(tid, here)
	return inject()
}

// bind binds a thread and the calling one to the core that this one is on.
func (k *oneCore) bind(tid int) (here unix.CPUSet, ok bool) {
	var theirs unix.CPUSet
	if unix.SchedGetaffinity(tid, &theirs) != nil || theirs != k.everywhere {
		return here, false
	}
	var cpu uint32
	if _, _, errno := unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&cpu)), 0, 0); errno != 0 {
		return here, false
	}
	here.Set(int(cpu))
	if err := unix.SchedSetaffinity(tid, &here); err != nil {
		k.idle = err == unix.EPERM // of all of them
		return here, false
	}
	if unix.SchedSetaffinity(0, &here) != nil {
		k.free(tid, here)
		return here, false
	}
	return here, true
}

// free undoes that, unless the thread was bound to other cores meanwhile.
func (k *oneCore) free(tid int, here unix.CPUSet) {
	var theirs unix.CPUSet
	if unix.SchedGetaffinity(tid, &theirs) == nil && theirs == here {
		_ = unix.SchedSetaffinity(tid, &allCores)
	}
	_ = unix.SchedSetaffinity(0, &allCores)
}
