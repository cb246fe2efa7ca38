// SPDX-License-Identifier: MIT

#include "textflag.h"

// func rawVfork(flags uintptr) (pid, errno uintptr)
//
// The child runs on this very stack. By the time the parent goes on, it has
// overwritten what lay above its stack pointer, the return address too: that
// one is kept in a register meanwhile.
TEXT ·rawVfork(SB),NOSPLIT|NOFRAME,$0-24
	MOVQ	flags+0(FP), DI
	XORL	SI, SI
	XORL	DX, DX
	XORL	R10, R10
	XORL	R8, R8
	MOVL	$56, AX	// clone
	POPQ	R12
	SYSCALL
	PUSHQ	R12
	CMPQ	AX, $-4095
	JCC	failed
	MOVQ	AX, pid+8(FP)
	MOVQ	$0, errno+16(FP)
	RET
failed:
	NEGQ	AX
	MOVQ	$0, pid+8(FP)
	MOVQ	AX, errno+16(FP)
	RET
