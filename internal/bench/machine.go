// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// describeMachine says what the run depends on.
func describeMachine(dir string) string {
	kernel := firstLine(os.ReadFile("/proc/sys/kernel/osrelease"))
	files := firstLine(exec.Command("stat", "-f", "-c", "%T", dir).Output())
	load := strings.Join(strings.Fields(firstLine(os.ReadFile("/proc/loadavg")))[:1], "")
	who := "an unprivileged user"
	if os.Geteuid() == 0 {
		who = "root"
	}
	bwrap := "no bwrap"
	if path, err := exec.LookPath("bwrap"); err == nil {
		bwrap = firstLine(exec.Command(path, "--version").Output())
	}
	return fmt.Sprintf("%s: %s/%s with %d cores (%s), Linux %s, trees on %s, as %s, %s, %s; load at the end %s",
		time.Now().UTC().Format("2006-01-02"), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), processor(), kernel, files, who, bwrap, runtime.Version(), load)
}

func firstLine(text []byte, err error) string {
	line, _, _ := strings.Cut(string(text), "\n")
	if err != nil || line == "" {
		return "unknown"
	}
	return line
}

func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.Trim(name, "\t :\n")
		}
	}
	return "unknown"
}
