// SPDX-License-Identifier: MIT

package initproc

import (
	"bytes"
	"strconv"

	"golang.org/x/sys/unix"
)

// scoreFD is the init's own oom_score_adj (proc_pid_oom_score_adj(5)). The
// first stage opens it: later the filter would ask the guard.
const scoreFD = ControlFD + 1

// preferred is how much sooner than the init a command is killed when memory
// runs out, in thousandths of what there is. The kernel chooses by size, and
// the init is larger than a shell or a dd that fills a tmpfs; without it the
// whole sandbox would end.
const preferred = 500

// openScore opens the score of this process.
func openScore() (int, error) {
	return unix.Open("/proc/self/oom_score_adj", unix.O_RDWR|unix.O_CLOEXEC, 0)
}

// score is the init's, which commands inherit when they are forked.
type score struct{ own, commands []byte }

// newScore takes the init's score as it is. Where it cannot be read commands
// are treated as the init is.
func newScore() *score {
	unix.CloseOnExec(scoreFD)
	var buf [16]byte
	n, err := unix.Pread(scoreFD, buf[:], 0)
	if err != nil {
		return &score{}
	}
	own, err := strconv.Atoi(string(bytes.TrimSpace(buf[:n])))
	if err != nil {
		return &score{}
	}
	return &score{
		own:      strconv.AppendInt(nil, int64(own), 10),
		commands: strconv.AppendInt(nil, int64(min(own+preferred, 1000)), 10),
	}
}

// forCommand lets what is forked next have the score of commands, until done.
func (s *score) forCommand() (done func()) {
	if s.own == nil {
		return func() {}
	}
	_, _ = unix.Pwrite(scoreFD, s.commands, 0)
	return func() { _, _ = unix.Pwrite(scoreFD, s.own, 0) }
}
