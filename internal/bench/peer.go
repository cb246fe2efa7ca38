// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// peer is another way to run a command line with the files of a directory, which is
// measured where it is found.
type peer struct {
	name string
	// argv is the program, which is looked for, and its arguments.
	argv func(dir, command string) []string
	// settings, if any, are what a file that argv names as SETTINGS has to hold.
	settings string
}

// settingsFile stands for the file with the settings in an argv.
const settingsFile = "SETTINGS"

// system are the directories that programs are in.
var system = []string{"/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc"}

// peers are those that take a command and start anew for it. Docker is another matter.
var peers = []peer{
	{name: "bwrap", argv: wrap},
	{name: "firejail", argv: func(dir, command string) []string {
		return []string{"firejail", "--quiet", "--noprofile", "--net=none", "--read-only=/", "--read-write=" + dir, "--", "/bin/sh", "-c", at(dir, command)}
	}},
	{name: "nsjail", argv: func(dir, command string) []string {
		argv := []string{"nsjail", "-Mo", "-q", "--rlimit_as", "hard", "-T", "/tmp", "-B", dir + ":/workspace", "--cwd", "/workspace"}
		for _, s := range existing(system) {
			argv = append(argv, "-R", s)
		}
		return append(argv, "--", "/bin/sh", "-c", command)
	}},
	{name: "landrun", argv: func(dir, command string) []string {
		argv := []string{"landrun", "--rw", dir, "--rw", "/dev", "--env", "PATH"}
		for _, s := range existing(system) {
			argv = append(argv, "--rox", s)
		}
		return append(argv, "/bin/sh", "-c", at(dir, command))
	}},
	{name: "srt", argv: func(dir, command string) []string {
		return []string{"srt", "--settings", settingsFile, "-c", at(dir, command)}
	}, settings: `{"network":{"allowedDomains":[],"deniedDomains":[]},"filesystem":{"denyRead":[],"allowWrite":["%s"],"denyWrite":[]}}`},
	{name: "runsc", argv: func(dir, command string) []string {
		return []string{"runsc", "--network=none", "--ignore-cgroups", "do", "--force-overlay=false", "--cwd", dir, "/bin/sh", "-c", command}
	}},
}

// wrap is a plain bwrap whose workspace is dir.
func wrap(dir, command string) []string {
	return []string{
		"bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/usr", "/usr", "--ro-bind", "/etc", "/etc",
		"--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64", "--symlink", "usr/sbin", "/sbin",
		"--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--bind", dir, "/workspace", "--chdir", "/workspace", "/bin/sh", "-c", command,
	}
}

// at is a command line that begins in a directory.
func at(dir, command string) string { return "cd " + dir + " && { " + command + "; }" }

func existing(names []string) (there []string) {
	for _, n := range names {
		if _, err := os.Stat(n); err == nil {
			there = append(there, n)
		}
	}
	return there
}

// found reports whether a peer is on PATH, and works: what it says if not.
func (l *lab) found(p *peer, dir string) error {
	if _, err := exec.LookPath(p.argv(dir, "true")[0]); err != nil {
		return fmt.Errorf("is not on PATH")
	}
	said, err := l.by(p, dir, "echo works")
	if err == nil && strings.TrimSpace(said) != "works" {
		err = fmt.Errorf("printed %q", said)
	}
	if err != nil {
		return fmt.Errorf("does not run a command here (%.200q)", err.Error())
	}
	return nil
}

// by runs a command line by a peer.
func (l *lab) by(p *peer, dir, command string) (string, error) {
	argv := p.argv(dir, command)
	for i, a := range argv {
		if a != settingsFile {
			continue
		}
		argv[i] = l.path("settings-" + p.name)
		if err := os.WriteFile(argv[i], fmt.Appendf(nil, p.settings, dir), 0o644); err != nil {
			return "", err
		}
	}
	program, err := exec.LookPath(argv[0])
	if err != nil {
		return "", err
	}
	argv[0] = program
	return l.host.run(dir, argv...)
}
