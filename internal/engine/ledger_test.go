// SPDX-License-Identifier: MIT

package engine

import (
	"testing"

	"github.com/sandbox-rls/sandbox/runtime"
)

func TestLedger(t *testing.T) {
	var now runtime.Events
	l := &ledger{events: func() runtime.Events { return now }}
	ok, failed := runtime.Status{}, runtime.Status{ExitCode: 2}
	signalled, child := runtime.Status{ExitCode: 137, Signal: 9}, runtime.Status{ExitCode: 137}
	want := func(what string, a *Account, st runtime.Status, killed, oom, pids bool) {
		t.Helper()
		if gotOOM, gotPids := a.End(st, killed); gotOOM != oom || gotPids != pids {
			t.Errorf("%s: got %v, %v; want %v, %v", what, gotOOM, gotPids, oom, pids)
		}
	}
	now = runtime.Events{OOMKills: 5, PidsRefused: 5}
	want("what was before", l.begin(), signalled, false, false, false)

	a := l.begin()
	now.OOMKills++
	want("alone", a, ok, false, true, false)
	a = l.begin()
	now.PidsRefused += 3
	want("alone, refused", a, ok, false, false, true)
	a = l.begin()
	now.OOMKills++
	want("alone, and killed by the owner", a, signalled, true, true, false)

	a, b, c, d := l.begin(), l.begin(), l.begin(), l.begin()
	now.OOMKills++
	now.PidsRefused++
	want("among others, killed", a, signalled, false, true, true)
	want("among others, its child killed", b, child, false, true, true)
	want("among others, well", c, ok, false, false, false)
	want("among others, killed by the owner", d, signalled, true, false, false)

	a, b = l.begin(), l.begin()
	want("nothing happened", a, failed, false, false, false)
	now.OOMKills++
	want("alone at the end", b, ok, false, true, false)
	now = runtime.Events{} // the group is gone
	want("after the end", l.begin(), signalled, false, false, false)
}
