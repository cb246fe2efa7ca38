// SPDX-License-Identifier: MIT

package seccomp

// Values from the kernel's headers, the same on every Arch.
const (
	afUnix    = 1
	afInet    = 2
	afInet6   = 10
	afNetlink = 16

	sockTypeMask = 0xf // SOCK_TYPE_MASK: what is left of SOCK_CLOEXEC and SOCK_NONBLOCK
	sockPacket   = 10

	tiocsti   = 0x5412
	tioclinux = 0x541c

	ptraceAttach = 16
	ptraceSeize  = 0x4206

	seccompSetModeFilter         = 1
	seccompFilterFlagNewListener = 1 << 3

	fSetLease = 1024
	fSetDeleg = 1040 // from Linux 6.19 on

	sigurg = 23

	initPID = 1
)

// restrictions are the system calls that are allowed but for some arguments, or
// only with some.
func restrictions() []rule {
	return []rule{
		{
			names:   []string{"socket", "socketpair"},
			verdict: socketFamilies(afUnix, afInet, afInet6, afNetlink),
		},
		// Both put characters into a terminal that the sandbox may share with its
		// caller's shell.
		allowBut([]string{"ioctl"}, EPERM,
			[]Test{is(1, tiocsti)},
			[]Test{is(1, tioclinux)},
		),
		// Process 1 is the sandbox's init. It must not be ended, limited or taken
		// over by what it started.
		allowBut([]string{
			"kill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo",
			"pidfd_open", "prlimit64",
		}, EPERM,
			[]Test{is(0, initPID)},
		),
		// The init is a Go program and under the filter too. Go's scheduler
		// interrupts its own threads by this call with this signal, and ignores
		// one that comes from elsewhere. Refused, the first garbage collection
		// during a busy loop would stop the program for ever.
		allowBut([]string{"tgkill"}, EPERM,
			[]Test{is(0, initPID), isNot(2, sigurg)},
		),
		// Whoever else opens or cuts off a file with a lease waits until its holder gives
		// it back, or up to lease-break-time. That could be the guard.
		allowBut([]string{"fcntl"}, EINVAL,
			[]Test{is(1, fSetLease)},
			[]Test{is(1, fSetDeleg)},
		),
		allowBut([]string{"ptrace"}, EPERM,
			[]Test{is(0, ptraceAttach), is(1, initPID)},
			[]Test{is(0, ptraceSeize), is(1, initPID)},
		),
		// A program may restrict itself further, but a listener of its own could
		// answer what it must not, and a task has only one.
		allowBut([]string{"seccomp"}, EPERM,
			[]Test{is(0, seccompSetModeFilter), hasAny(1, seccompFilterFlagNewListener)},
		),
	}
}

func allowBut(names []string, e Errno, refused ...[]Test) rule {
	v := Verdict{Otherwise: Action{Class: Allow}}
	for _, tests := range refused {
		v.Clauses = append(v.Clauses, Clause{If: tests, Then: deny(e)})
	}
	return rule{names: names, verdict: v}
}

// socketFamilies allows only some address families; the errno for others is
// that of a kernel built without them.
func socketFamilies(families ...uint32) Verdict {
	v := Verdict{
		Otherwise: deny(EAFNOSUPPORT),
		// For old programs the kernel turns this pair into AF_PACKET.
		Clauses: []Clause{{
			If: []Test{
				is(0, afInet),
				{Arg: 1, Op: Equal, Mask: sockTypeMask, Value: sockPacket},
			},
			Then: deny(EAFNOSUPPORT),
		}},
	}
	for _, f := range families {
		v.Clauses = append(v.Clauses, Clause{If: []Test{is(0, f)}, Then: Action{Class: Allow}})
	}
	return v
}
