// SPDX-License-Identifier: MIT

package engine

import (
	"sync"

	"github.com/sandbox-rls/sandbox/runtime"
)

// ledger attributes what limits do to a sandbox to the commands that run in it.
// The kernel counts for the sandbox as a whole. What happens while one command
// runs is that command's; what happens while several do may be any one's.
type ledger struct {
	events func() runtime.Events

	mu   sync.Mutex
	last runtime.Events
	open map[*Account]bool
}

// Account is the part of the ledger for one command.
type Account struct {
	ledger       *ledger
	alone, among runtime.Events // since it began: while it ran alone, and with others
}

// Account begins an account for a command that is about to start.
func (b *Box) Account() *Account { return b.ledger.begin() }

func (l *ledger) begin() *Account {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settle()
	a := &Account{ledger: l}
	if l.open == nil {
		l.open = map[*Account]bool{}
	}
	l.open[a] = true
	return a
}

// settle books what has happened since the last time.
func (l *ledger) settle() {
	now := l.events()
	oom, pids := now.OOMKills-min(now.OOMKills, l.last.OOMKills), now.PidsRefused-min(now.PidsRefused, l.last.PidsRefused)
	l.last = now
	for a := range l.open {
		e := &a.among
		if len(l.open) == 1 {
			e = &a.alone
		}
		e.OOMKills += oom
		e.PidsRefused += pids
	}
}

// End closes the account. What happened while others ran as well is taken to
// have been this command if it ended as such a thing makes a command end:
// killed, or by a shell whose child was killed, for memory; in failure for
// processes. killed says that the owner killed it, which looks the same.
func (a *Account) End(st runtime.Status, killed bool) (oomKilled, pidsLimited bool) {
	const sigkill = 9
	a.ledger.mu.Lock()
	defer a.ledger.mu.Unlock()
	a.ledger.settle()
	delete(a.ledger.open, a)
	looksKilled := !killed && (st.Signal == sigkill || st.ExitCode == 128+sigkill)
	failed := !killed && st.ExitCode != 0
	return a.alone.OOMKills > 0 || a.among.OOMKills > 0 && looksKilled,
		a.alone.PidsRefused > 0 || a.among.PidsRefused > 0 && failed
}
