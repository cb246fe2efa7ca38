// SPDX-License-Identifier: MIT

package docker

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// initName is the command that is nothing but an init.
const initName = "sandbox-init"

// findProgram returns the program that can be the init in any image.
func findProgram(given string) (string, error) {
	if given != "" {
		path, err := filepath.Abs(given)
		if err == nil {
			err = static(path)
		}
		if err != nil {
			return "", fmt.Errorf("%w: %w", ErrProgram, err)
		}
		return path, nil
	}
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	if self, err = filepath.EvalSymlinks(self); err != nil {
		return "", err
	}
	why := static(self)
	if why == nil {
		return self, nil
	}
	beside := filepath.Join(filepath.Dir(self), initName)
	if static(beside) == nil {
		return beside, nil
	}
	if path, err := exec.LookPath(initName); err == nil {
		if path, err = filepath.Abs(path); err == nil && static(path) == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%w: %w; build it with CGO_ENABLED=0, or install one by `CGO_ENABLED=0 go install github.com/sandbox-rls/sandbox/cmd/%s` where PATH or docker.WithInit leads to it", ErrProgram, why, initName)
}

// static reports why a program cannot run in an image that has nothing of this
// machine's.
func static(path string) error {
	f, err := elf.Open(path)
	if os.IsNotExist(err) {
		return err // which names it
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return fmt.Errorf("%s is linked dynamically, and an image need not have what it needs", path)
		}
	}
	return nil
}
