// SPDX-License-Identifier: MIT

//go:build linux

package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

// TestFlags sees that docs/server.md lists the flags as they are.
func TestFlags(t *testing.T) {
	const path = "../../docs/server.md"
	data, err := os.ReadFile(path)
	must(t, err)
	before, rest, ok := strings.Cut(string(data), " -update -->\n")
	got, after, more := strings.Cut(rest, "<!-- end of flags -->")
	if !ok || !more {
		t.Fatal("the table is not there")
	}
	want := flagTable()
	if *update {
		must(t, os.WriteFile(path, []byte(before+" -update -->\n"+want+"<!-- end of flags -->"+after), 0o644))
		return
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("run go test -run %s -update (-want +got):\n%s", t.Name(), d)
	}
}

func flagTable() string {
	var s settings
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	s.add(fs)
	var b strings.Builder
	b.WriteString("| flag | default | |\n|---|---|---|\n")
	fs.VisitAll(func(f *pflag.Flag) {
		kind, usage := pflag.UnquoteUsage(f)
		if kind != "" {
			kind = " " + strings.ToUpper(kind)
		}
		value := f.DefValue
		switch {
		case f.Name == "state-dir":
			value = "`$STATE_DIRECTORY`, or `/var/lib/sandboxd` for root, or `~/.local/state/sandboxd`"
		case value == "" || value == "[]" || value == "false" || value == "0":
			value = ""
		default:
			value = "`" + value + "`"
		}
		fmt.Fprintf(&b, "| `--%s%s` | %s | %s |\n", f.Name, kind, value, usage)
	})
	return b.String()
}
