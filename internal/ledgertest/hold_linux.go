// SPDX-License-Identifier: MIT

package ledgertest

import "golang.org/x/sys/unix"

// heldFiles have others wait, the guard among them, for as long as one likes: at a lease,
// or at the lock of a file that is written to from a pipe which stays empty.
func heldFiles() []try {
	const setDelegation = 1040 // F_SETDELEG
	lease := func(cmd, kind int) func() (string, error) {
		return wrap(func() error {
			fd, err := unix.MemfdCreate("lease", unix.MFD_CLOEXEC)
			if err != nil {
				return err
			}
			defer unix.Close(fd)
			_, err = unix.FcntlInt(uintptr(fd), cmd, kind)
			return err
		})
	}
	splice := func(flags int) func() (string, error) {
		return wrap(func() error {
			fd, err := unix.MemfdCreate("splice", unix.MFD_CLOEXEC)
			if err != nil {
				return err
			}
			defer unix.Close(fd)
			var pipe [2]int
			if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
				return err
			}
			defer unix.Close(pipe[0])
			defer unix.Close(pipe[1])
			_, err = unix.Splice(pipe[0], nil, fd, nil, 1, flags)
			return err
		})
	}
	return []try{
		attempt("a lease for reading", "EINVAL", lease(unix.F_SETLEASE, unix.F_RDLCK)),
		attempt("a lease for writing", "EINVAL", lease(unix.F_SETLEASE, unix.F_WRLCK)),
		attempt("a lease with other bits in the word", "EINVAL", makes("fcntl", 0, 1<<32|unix.F_SETLEASE, unix.F_WRLCK)),
		attempt("a delegation", "EINVAL", lease(setDelegation, 0)),
		attempt("splice from a pipe", "EINVAL", splice(0)),
		attempt("splice that does not wait", "EINVAL", splice(unix.SPLICE_F_NONBLOCK)),
	}
}
