// SPDX-License-Identifier: MIT

package fsguard

import "golang.org/x/sys/unix"

// operations has what is done for each trapped system call, by its number.
// Those that only some architectures have are added by legacyOperations.
var operations = func() (ops [512]func(*call) verdict) {
	for nr, op := range map[int]func(*call) verdict{
		unix.SYS_OPENAT:       opOpenat,
		unix.SYS_OPENAT2:      opOpenat2,
		unix.SYS_TRUNCATE:     opTruncate,
		unix.SYS_MKDIRAT:      opMkdirat,
		unix.SYS_MKNODAT:      opMknodat,
		unix.SYS_SYMLINKAT:    opSymlinkat,
		unix.SYS_UNLINKAT:     opUnlinkat,
		unix.SYS_LINKAT:       opLinkat,
		unix.SYS_RENAMEAT:     opRenameat,
		unix.SYS_RENAMEAT2:    opRenameat2,
		unix.SYS_FCHMOD:       opFchmod,
		unix.SYS_FCHMODAT:     opFchmodat,
		unix.SYS_FCHMODAT2:    opFchmodat2,
		unix.SYS_FCHOWN:       opFchown,
		unix.SYS_FCHOWNAT:     opFchownat,
		unix.SYS_UTIMENSAT:    opUtimensat,
		unix.SYS_SETXATTR:     opSetxattr,
		unix.SYS_LSETXATTR:    opLsetxattr,
		unix.SYS_FSETXATTR:    opFsetxattr,
		unix.SYS_REMOVEXATTR:  opRemovexattr,
		unix.SYS_LREMOVEXATTR: opLremovexattr,
		unix.SYS_FREMOVEXATTR: opFremovexattr,
		unix.SYS_FACCESSAT:    opFaccessat,
		unix.SYS_FACCESSAT2:   opFaccessat2,
		unix.SYS_BIND:         opBind,
		unix.SYS_UMASK:        opUmask,
		// Libraries fall back to the calls above.
		unix.SYS_SETXATTRAT:    func(*call) verdict { return fail(unix.ENOSYS) },
		unix.SYS_REMOVEXATTRAT: func(*call) verdict { return fail(unix.ENOSYS) },
	} {
		ops[nr] = op
	}
	for nr, op := range legacyOperations {
		ops[nr] = op
	}
	return ops
}()
