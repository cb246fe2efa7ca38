// SPDX-License-Identifier: MIT

package seccomp

import (
	"fmt"
	"strings"
)

// Class is the kind of thing that happens to a system call. The zero value
// is Deny.
type Class uint8

const (
	Deny   Class = iota // the call fails with an errno, unseen by the kernel
	Notify              // the call waits for the supervisor (SECCOMP_RET_USER_NOTIF)
	Allow               // the kernel carries the call out
)

// Errno is an error number of Linux. It is not syscall.Errno, whose values on
// another operating system are not Linux's.
type Errno uint16

// The error numbers used by the policy; the same on every [Arch].
const (
	EPERM        Errno = 1
	EINVAL       Errno = 22
	ENOSYS       Errno = 38
	EAFNOSUPPORT Errno = 97
)

// String returns the symbolic name.
func (e Errno) String() string {
	switch e {
	case EPERM:
		return "EPERM"
	case EINVAL:
		return "EINVAL"
	case ENOSYS:
		return "ENOSYS"
	case EAFNOSUPPORT:
		return "EAFNOSUPPORT"
	}
	return fmt.Sprintf("errno %d", uint16(e))
}

// Action is what happens to one call. Errno counts only with Deny, where zero
// stands for ENOSYS: a refused call never looks as if it had succeeded.
type Action struct {
	Class Class
	Errno Errno
}

func deny(e Errno) Action { return Action{Class: Deny, Errno: e} }

// String returns "allow", "notify" or the name of the errno.
func (a Action) String() string {
	switch a.Class {
	case Allow:
		return "allow"
	case Notify:
		return "notify"
	}
	return a.errno().String()
}

func (a Action) errno() Errno {
	if a.Errno == 0 {
		return ENOSYS
	}
	return a.Errno
}

// Clause says what happens to a call whose arguments pass every test.
type Clause struct {
	If   []Test
	Then Action
}

// Verdict is what the policy says of one system call: the first clause that
// matches decides, and Otherwise does when none matches.
type Verdict struct {
	Clauses   []Clause
	Otherwise Action
}

// Class sums the verdict up by the most that it may do: Notify if some
// arguments lead to a notification, else Allow if some are allowed, else Deny.
func (v Verdict) Class() Class {
	best := v.Otherwise.Class
	for _, c := range v.Clauses {
		switch {
		case c.Then.Class == Notify:
			return Notify
		case c.Then.Class == Allow && best == Deny:
			best = Allow
		}
	}
	return best
}

// String returns the verdict on one line, for golden files and for people.
func (v Verdict) String() string {
	var b strings.Builder
	for _, c := range v.Clauses {
		tests := make([]string, len(c.If))
		for i, t := range c.If {
			tests[i] = t.String()
		}
		fmt.Fprintf(&b, "%s if %s; ", c.Then, strings.Join(tests, " and "))
	}
	b.WriteString(v.Otherwise.String())
	return b.String()
}
