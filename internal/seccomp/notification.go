// SPDX-License-Identifier: MIT

package seccomp

// Notification is a system call that waits for an answer: struct seccomp_notif
// of seccomp_unotify(2).
type Notification struct {
	ID    uint64
	PID   uint32
	Flags uint32
	Data  struct {
		NR   int32
		Arch uint32
		IP   uint64
		Args [6]uint64
	}
}

// Response is the answer: struct seccomp_notif_resp.
type Response struct {
	ID    uint64
	Val   int64
	Error int32 // a negative errno
	Flags uint32
}

// AddFD puts a file into the process that waits: struct seccomp_notif_addfd.
type AddFD struct {
	ID         uint64
	Flags      uint32
	SrcFD      uint32
	NewFD      uint32
	NewFDFlags uint32
}
