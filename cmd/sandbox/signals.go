// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/sandbox-rls/sandbox"
)

// relayed are the signals that the command gets in place of this program.
var relayed = []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2}

// relay passes signals on to a command. Before there is one, and after it has
// ended, they end what else is being done.
type relay struct {
	cancel context.CancelCauseFunc

	mu         sync.Mutex
	command    *sandbox.Command
	terminal   bool // the command has one
	interrupts int
}

// signalled is why something was not done.
type signalled struct{ syscall.Signal }

func (s signalled) Error() string { return fmt.Sprintf("ended by a signal: %v", s.Signal) }

// relaySignals takes signals from now on, to the end of the program: one that
// comes late must not keep it from cleaning up, nor change its exit code.
func relaySignals(ctx context.Context) (*relay, context.Context) {
	r := &relay{}
	ctx, r.cancel = context.WithCancelCause(ctx)
	got := make(chan os.Signal, 16)
	signal.Notify(got, relayed...)
	go func() {
		for sig := range got {
			r.pass(sig.(syscall.Signal))
		}
	}()
	return r, ctx
}

// attach says to which command signals go from now on, and whether it has a
// terminal. Nil: to none any more.
func (r *relay) attach(c *sandbox.Command, terminal bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.command, r.terminal = c, terminal
}

// pass passes a signal on. The second interrupt is meant for a command that
// does not listen to the first. When the user's terminal is gone, so is the
// command's, and with it what runs there.
func (r *relay) pass(sig syscall.Signal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.command == nil || r.terminal && sig == syscall.SIGHUP {
		r.cancel(signalled{sig})
		return
	}
	if sig == syscall.SIGINT {
		if r.interrupts++; r.interrupts > 1 {
			sig = syscall.SIGKILL
		}
	}
	_ = r.command.Signal(sig)
}
