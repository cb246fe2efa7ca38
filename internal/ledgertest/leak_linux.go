// SPDX-License-Identifier: MIT

package ledgertest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// leakedDescriptors lists what a fresh command has open.
func leakedDescriptors() []try {
	return []try{
		attempt("the descriptors of a shell that nothing was given but the standard files", "0 1 2", func() (string, error) {
			// The shell lists itself: what a Go program opens for its own use is not meant.
			out, err := exec.Command("/bin/sh", "-c", "for f in /proc/self/fd/*; do n=${f##*/}; test $n -gt 2 && readlink $f; done; true").Output()
			for line := range strings.Lines(string(out)) {
				if !strings.HasPrefix(line, "/proc/") && !strings.HasPrefix(line, "/bin/") && !strings.HasPrefix(line, "/usr/bin/") {
					return "", errors.New(line)
				}
			}
			return "0 1 2", err
		}),
		attempt("those of the attacker itself", "0 1 2", inherited),
		attempt("the other processes' descriptors", "none", func() (string, error) {
			// The init's are the owner's business.
			if fd, err := unix.Open("/proc/1/fd/3", unix.O_RDONLY|unix.O_CLOEXEC, 0); err == nil {
				return "", fmt.Errorf("opened as %d", fd)
			}
			return "none", nil
		}),
	}
}

// inherited lists the descriptors that were there before this program opened any:
// an event queue, its eventfd and files of the cgroup are the Go runtime's own.
func inherited() (string, error) {
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return "", err
	}
	var open []string
	for _, n := range names {
		to, err := os.Readlink("/proc/self/fd/" + n.Name())
		if err != nil || strings.HasPrefix(to, "anon_inode:[event") || strings.HasPrefix(to, "/proc/") || strings.HasPrefix(to, "/sys/fs/cgroup/") {
			continue
		}
		if number := n.Name(); number > "2" || len(number) > 1 {
			return "", fmt.Errorf("%s is %s", number, to)
		}
		open = append(open, n.Name())
	}
	return strings.Join(open, " "), nil
}

// environmentLeaks look for the owner's environment.
func environmentLeaks() []try {
	return []try{
		attempt("one's own", "what was given", func() (string, error) {
			for _, kv := range os.Environ() {
				if !slices.Contains(told.Env, kv) {
					return "", errors.New(kv)
				}
			}
			return "what was given", nil
		}),
		attempt("of the process, as the kernel has it", "what was given", func() (string, error) {
			data, err := os.ReadFile("/proc/self/environ")
			for kv := range bytes.SplitSeq(bytes.TrimRight(data, "\x00"), []byte{0}) {
				if len(kv) > 0 && !slices.Contains(told.Env, string(kv)) {
					return "", errors.New(string(kv))
				}
			}
			return "what was given", err
		}),
		attempt("of the init", "EACCES", cats("/proc/1/environ")),
		attempt("on its command line", "nothing", func() (string, error) {
			line, err := cat("/proc/1/cmdline")
			if strings.Contains(line, "=") || strings.Contains(line, "/workspace") {
				return "", errors.New(line)
			}
			return "nothing", err
		}),
	}
}
