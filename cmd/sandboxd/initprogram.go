// SPDX-License-Identifier: MIT

package main

import (
	"debug/buildinfo"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
)

const (
	initName = "sandbox-init"
	initPath = "/cmd/" + initName
)

// findInit returns the program that is to be the init of sandboxes: a small one,
// which has nothing of what a server needs and each init would set up. "" stands
// for this program.
func findInit(given string, log *slog.Logger) (string, error) {
	if given != "" {
		path, err := filepath.Abs(given)
		if err == nil {
			err = checkInit(path)
		}
		if err != nil {
			return "", usagef("--init: %w", err)
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
	path := filepath.Join(filepath.Dir(self), initName)
	switch err := checkInit(path); {
	case err == nil:
		return path, nil
	case !errors.Is(err, fs.ErrNotExist):
		log.Warn("the program beside this one cannot be the init of sandboxes, which is this one instead", "program", path, "reason", err)
	default:
		log.Info("sandboxes start faster with the program sandbox-init beside this one")
	}
	return "", nil
}

// checkInit reports why a program cannot be the init: owner and init must be of one
// version.
func checkInit(path string) error {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return err
	}
	if !strings.HasSuffix(info.Path, initPath) {
		return fmt.Errorf("%s is %s, and not %s", path, info.Path, initName)
	}
	mine, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	if a, b := build(info), build(mine); a != b {
		return fmt.Errorf("%s is of version %s, and this program of %s", path, a, b)
	}
	return nil
}

// build is what a program was built of, as far as it knows.
func build(info *debug.BuildInfo) string {
	text := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			text += " " + s.Value
		}
	}
	return text
}
