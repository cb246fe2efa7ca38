// SPDX-License-Identifier: MIT

package ledgertest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// attackArg makes a program that has this package the attacker.
const attackArg = "ledgertest-attack"

// orders are what the attacker is told, as its second argument.
type orders struct {
	Row      string
	Mode     mode
	Duration time.Duration // of a row's races together
	Abstract string        // the name of an abstract socket of the host
	Env      []string      // what the command was given
}

// told are the attacker's orders.
var told orders

// helpers are what the attacker executes itself anew for, by its second argument.
var helpers = map[string]func() int{}

func init() {
	if len(os.Args) < 3 || os.Args[1] != attackArg {
		return
	}
	if h := helpers[os.Args[2]]; h != nil {
		os.Exit(h())
	}
	if err := attack(os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "attack:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// attack makes the tries of a row, and prints what came of each.
func attack(arg string) error {
	runtime.LockOSThread()
	if err := json.Unmarshal([]byte(arg), &told); err != nil {
		return err
	}
	_ = put(ws+"/write/file", "write") // which a row before may have taken away
	for _, r := range rows {
		if r.name != told.Row {
			continue
		}
		saw := []string{}
		for _, t := range r.tries() {
			saw = append(saw, outcome(t.do()))
		}
		return json.NewEncoder(os.Stdout).Encode(saw)
	}
	return fmt.Errorf("no row %q", told.Row)
}

// errAbsent is the outcome of a call that this architecture does not have.
var errAbsent = errors.New("absent")

func outcome(saw string, err error) string {
	var errno syscall.Errno
	switch {
	case errors.As(err, &errno) && errno == unix.EOPNOTSUPP:
		return "EOPNOTSUPP" // which is ENOTSUP as well
	case errors.As(err, &errno) && unix.ErrnoName(errno) != "":
		return unix.ErrnoName(errno)
	case err != nil:
		return err.Error()
	case saw == "":
		return "ok"
	}
	return saw
}
