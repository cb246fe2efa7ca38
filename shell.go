// SPDX-License-Identifier: MIT

package sandbox

import (
	"bytes"
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

// A session's shell reads a script from descriptor 3, a pipe, and writes a
// record to descriptor 4, another, whenever it is done with something:
//
//	SEQUENCE STATUS [bash]
//
// and, where it has to make itself anew after an interrupt, that it has begun to:
//
//	back
//
// Standard input, output and errors are free for the commands. Of the other
// descriptors the session keeps one, 8, for its records.
const (
	scriptPath  = "/dev/fd/3"
	sessionVar  = "SANDBOX_SESSION" // set while the shell is being prepared
	interrupted = 130               // 128 + SIGINT
	backRecord  = "back\n"
)

// prelude prepares a shell. bash executes itself anew when it is interrupted:
// its trap gives the next one a script that begins with what this one has, as
// the start-up file that a POSIX shell reads (ENV). It is read before anything
// else, also before a command that was already there when the signal came.
//
//go:embed prelude.sh
var prelude string

// hello is the script that a shell begins with. One that has no "command eval",
// like zsh, could run no command and ends.
func hello(seq uint64) string {
	return prelude + `\command eval '` + record(seq, "0 ${BASH_VERSION:+bash}", true) + "' || exit\n"
}

// resume is the script after an interrupt. bash has been given the script anew.
func resume(seq uint64, bash bool) string {
	var text string
	if bash {
		text = "\\command exec 253<&-\n"
	}
	return text + record(seq, strconv.Itoa(interrupted), bash)
}

// record makes the shell say that it is done. Where the shell is not bash,
// tracing (set -x) says nothing of it; bash would not take the brace for one
// after a syntax error.
func record(seq uint64, status string, bash bool) string {
	if bash {
		return fmt.Sprintf("\\command echo \"%d %s\" >&8\n", seq, status)
	}
	return fmt.Sprintf("{ \\command echo \"%d %s\"; } 2>/dev/null >&8\n", seq, status)
}

// evaluate is the script that runs a command. "command" takes from eval what
// makes it special: that an error in it ends the shell (POSIX, 2.8.1); with the
// backslash it is no alias. last is
// the status of the command before, for the $? of this one; setting it must not
// end a shell that ends at every failure (set -e).
//
// dash and its like can keep the session's descriptor from the command. bash
// needs it when it restarts itself.
func evaluate(seq uint64, command string, last int, bash bool) string {
	var b strings.Builder
	b.WriteString(`\command eval '`)
	if last != 0 {
		fmt.Fprintf(&b, "case $- in *e*) ;; *) __sandbox() { unset -f __sandbox; return %d; }; __sandbox ;; esac; ", last)
	}
	b.WriteString(strings.ReplaceAll(command, "'", `'\''`))
	b.WriteString("'")
	if !bash {
		b.WriteString(" 8>&-")
	}
	b.WriteString("\n")
	b.WriteString(record(seq, "$?", bash))
	return b.String()
}

// answer is a parsed record.
type answer struct {
	seq    uint64
	status int
	bash   bool
}

// parseAnswer parses a record. Commands can write there too: what makes no
// sense is passed over.
func parseAnswer(line []byte) (a answer, ok bool) {
	f := bytes.Fields(line)
	if len(f) < 2 || len(f) > 3 {
		return a, false
	}
	var err error
	if a.seq, err = strconv.ParseUint(string(f[0]), 10, 64); err != nil {
		return a, false
	}
	status, err := strconv.ParseUint(string(f[1]), 10, 8)
	if err != nil {
		return a, false
	}
	a.status = int(status)
	a.bash = len(f) == 3 && string(f[2]) == "bash"
	return a, len(f) == 2 || a.bash
}
