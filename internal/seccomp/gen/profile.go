// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"

	docker "github.com/moby/profiles/seccomp"
	"github.com/opencontainers/runtime-spec/specs-go"
)

// minKernel is the oldest kernel that a rule of the profile may ask for and
// still count: the one that brought SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV.
var minKernel = docker.KernelVersion{Kernel: 5, Major: 19}

// eperm is the errno of all that the profile does not list.
const eperm = 1

func readProfile(file string) (*docker.Seccomp, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	p := new(docker.Seccomp)
	if err := json.Unmarshal(text, p); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if p.DefaultAction != specs.ActErrno || p.DefaultErrnoRet == nil || *p.DefaultErrnoRet != eperm {
		return nil, fmt.Errorf("%s: the default action is no longer EPERM", file)
	}
	return p, nil
}

// applies tells whether a rule counts for a process without capabilities.
func applies(s *docker.Syscall, goarch string) bool {
	if in := s.Includes; in != nil {
		if len(in.Caps) > 0 {
			return false
		}
		if len(in.Arches) > 0 && !slices.Contains(in.Arches, goarch) {
			return false
		}
		if k := in.MinKernel; k != nil && newer(*k, minKernel) {
			return false
		}
	}
	if ex := s.Excludes; ex != nil {
		// Excluded capabilities are not held; a kernel bound works both ways.
		if slices.Contains(ex.Arches, goarch) {
			return false
		}
		if k := ex.MinKernel; k != nil && !newer(*k, minKernel) {
			return false
		}
	}
	return true
}

func newer(a, b docker.KernelVersion) bool {
	return a.Kernel > b.Kernel || a.Kernel == b.Kernel && a.Major > b.Major
}

// outcome is what the profile says of one system call.
type outcome struct {
	always  bool // some rule has no conditions, and then it alone counts
	refused bool // no rule applies
	errno   uint // of the rule without conditions, or 0 to allow
	allowIf [][]specs.LinuxSeccompArg
}

// evaluate returns the outcome for each system call that the profile mentions
// and the architecture has.
func evaluate(p *docker.Seccomp, goarch string, numbers map[int]string) (map[string]*outcome, error) {
	exists := make(map[string]bool)
	for _, name := range numbers {
		exists[name] = true
	}
	result := make(map[string]*outcome)
	for _, s := range p.Syscalls {
		for _, name := range s.Names {
			if !exists[name] {
				continue
			}
			o := result[name]
			if o == nil {
				o = &outcome{refused: true}
				result[name] = o
			}
			if !applies(s, goarch) {
				continue
			}
			if err := o.add(&s.LinuxSyscall); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return result, nil
}

func (o *outcome) add(s *specs.LinuxSyscall) error {
	o.refused = false
	if len(s.Args) > 0 {
		if s.Action != specs.ActAllow {
			return fmt.Errorf("%s under a condition", s.Action)
		}
		seen := make(map[uint]bool)
		for _, a := range s.Args {
			if seen[a.Index] { // which runtimes take as alternatives
				return fmt.Errorf("two conditions on argument %d", a.Index)
			}
			seen[a.Index] = true
		}
		o.allowIf = append(o.allowIf, s.Args)
		return nil
	}
	var errno uint
	switch s.Action {
	case specs.ActAllow:
	case specs.ActErrno:
		errno = eperm
		if s.ErrnoRet != nil {
			errno = *s.ErrnoRet
		}
	default:
		return fmt.Errorf("unexpected action %s", s.Action)
	}
	if o.always && o.errno != errno {
		return fmt.Errorf("two rules that contradict each other")
	}
	o.always, o.errno = true, errno
	return nil
}
