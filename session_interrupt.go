// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"syscall"
	"time"
)

// interruptSignal is what the shell's own trap is set on. No program uses it,
// so that nobody else's traps are in the way, and unlike SIGINT it is taken
// note of whatever the shell's children make of theirs.
const interruptSignal = syscall.Signal(30) // SIGPWR on every architecture of ours

// patience is how long an interrupted command is given, first to end by
// itself, then to be ended.
var patience = [...]struct {
	signal syscall.Signal
	wait   time.Duration
}{{syscall.SIGINT, time.Second}, {syscall.SIGKILL, time.Second}, {syscall.SIGKILL, 3 * time.Second}}

// comeBack makes the shell give up what it does, and says whether it has. The
// rest of the script comes only after the signal: a shell that was done in that
// moment would take the signal for one to what it is told next.
//
// A shell that makes itself anew, which takes the longer the more it holds, is
// left alone: it has no trap again yet, and another signal would end it, or what
// it has of its state.
func (sh *shell) comeBack() bool {
	seq := sh.await()
	select {
	case <-sh.back: // from a time before
	default:
	}
	for _, step := range patience {
		if err := sh.proc.Interrupt(step.signal, interruptSignal); err != nil {
			return false
		}
		ctx, cancel := context.WithTimeout(context.Background(), step.wait)
		_, err := sh.say(ctx, resume(seq, sh.traits.bash)) // anew for each: bash may begin anew again
		cancel()
		if err != nil {
			return false
		}
		if sh.comes(step.wait) {
			return true
		}
		select {
		case <-sh.gone:
			return false
		default:
		}
	}
	return false
}

// comes reports whether the shell answers in time. It has longer when it says that it
// makes itself anew: once for a signal. Whoever says it again is the command.
func (sh *shell) comes(wait time.Duration) bool {
	said, over := false, time.NewTimer(wait)
	defer over.Stop()
	for {
		select {
		case <-sh.answers:
			return true
		case <-sh.back:
			if said {
				return false
			}
			said = true
			over.Reset(startPatience)
		case <-sh.gone:
			return false
		case <-over.C:
			return false
		}
	}
}

// endRest ends what an interrupted command has left: daemons and jobs, which
// take no notice of SIGINT. The shell is at rest and is told nothing.
func (sh *shell) endRest() {
	if err := sh.proc.Interrupt(syscall.SIGKILL, syscall.Signal(0)); err == nil {
		_ = sh.proc.Settle(context.Background()) // which comes after it
	}
}
