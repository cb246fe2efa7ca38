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
//	SEQUENCE STATUS [TRAIT]...
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

// traits are what the session has to know of its shell. The prelude finds out.
type traits struct {
	bash bool
	// leaks: what "command" takes from an error, it takes from one in a subshell,
	// too. The subshell does not end then, but goes on beside the shell (busybox).
	leaks bool
	// rigid: an error in a trap does not make it give up the command, or ends it.
	rigid bool
}

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
	return prelude + `\command eval '` + record(seq, "0 ${BASH_VERSION:+bash} ${SANDBOX_SESSION-}", true) + "unset " + sessionVar + "' || exit\n"
}

// resume is the script after an interrupt. bash has been given the script anew, and
// passes over all before the first line here: a command that it had not read yet, or
// the rest of one. That line is there twice: bash may take the first of them before it
// takes notice of the signal.
func resume(seq uint64, bash bool) string {
	var text string
	if bash {
		text = ": back\n: back\n\\command exec 253<&-\n"
	}
	return text + record(seq, strconv.Itoa(interrupted), bash)
}

// record makes the shell say that it is done. Where the shell is not bash,
// tracing (set -x) says nothing of it; bash would not take the brace for one
// after a syntax error. No file is opened to silence it: opening one for writing asks
// the guard, and a signal in the moment before that has taken the question makes it
// fail with EINTR where the signal's handler does not restart calls. mksh, whose job
// has just ended, would say nothing then.
func record(seq uint64, status string, bash bool) string {
	if bash {
		return fmt.Sprintf("\\command echo \"%d %s\" >&8\n", seq, status)
	}
	return fmt.Sprintf("{ \\command echo \"%d %s\"; } 2>&- >&8\n", seq, status)
}

// evaluate is the script that runs a command. "command" takes from eval what
// makes it special: that an error in it ends the shell (POSIX, 2.8.1); with the
// backslash it is no alias. last is
// the status of the command before, for the $? of this one; setting it must not
// end a shell that ends at every failure (set -e).
//
// dash and its like can keep the session's descriptor from the command. bash
// needs it when it restarts itself.
func evaluate(seq uint64, command string, last int, t traits) string {
	var b strings.Builder
	b.WriteString(`\command eval '`)
	if last != 0 {
		fmt.Fprintf(&b, "case $- in *e*) ;; *) __sandbox() { unset -f __sandbox; return %d; }; __sandbox ;; esac; ", last)
	}
	b.WriteString(strings.ReplaceAll(command, "'", `'\''`))
	b.WriteString("'")
	if !t.bash {
		b.WriteString(" 8>&-")
	}
	if t.leaks {
		b.WriteString("; " + guarded(seq))
	} else {
		b.WriteString("\n" + record(seq, "$?", t.bash))
	}
	return b.String()
}

// guarded is a record for a shell that leaks: a subshell that comes this far
// ends, with its status, instead. It must be on the command's line, since a
// subshell could take what follows from the shell. The status is that of the
// command before, put in when eval gets its argument.
//
// The comparison needs no variable, and nothing that a command can have changed,
// such as IFS. A signal can make it fail, or its trap change the status: hence
// three attempts, nothing that depends on a status afterwards, and no file that
// is opened only to silence tracing (set -x).
func guarded(seq uint64) string {
	const same = `\\command [ /proc/self -ef /proc/$$ ]`
	return fmt.Sprintf(`{ \command eval "if %[1]s || %[1]s || %[1]s; then \\command echo '%[2]d $?' >&8; else \\command exec 2>/dev/null; \\exit $?; fi"; } 2>&-`+"\n", same, seq)
}

// answer is a parsed record.
type answer struct {
	seq    uint64
	status int
	traits traits
}

// parseAnswer parses a record. Commands can write there too: what makes no
// sense is passed over.
func parseAnswer(line []byte) (a answer, ok bool) {
	f := bytes.Fields(line)
	if len(f) < 2 {
		return a, false
	}
	var err error
	if a.seq, err = strconv.ParseUint(string(f[0]), 10, 64); err != nil {
		return a, false
	}
	status, err := strconv.ParseUint(string(f[1]), 10, 9)
	if err != nil {
		return a, false
	}
	a.status = int(status)
	if a.status > 255 { // a signal: 256 and its number in ksh93, 384 in yash
		a.status = 128 + a.status%128
	}
	for _, trait := range f[2:] {
		switch string(trait) {
		case "bash":
			a.traits.bash = true
		case "leaks":
			a.traits.leaks = true
		case "rigid":
			a.traits.rigid = true
		default:
			return a, false
		}
	}
	return a, true
}
