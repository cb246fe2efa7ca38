// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/pflag"

	"github.com/sandbox-rls/sandbox"
)

// settings are what the server can be told.
type settings struct {
	listen    string
	stateDir  string
	runtime   string
	parkAfter time.Duration
}

func (s *settings) add(fs *pflag.FlagSet) {
	fs.SortFlags = false
	fs.StringVar(&s.listen, "listen", "127.0.0.1:9000", "`address` to listen on: host:port, or unix:/path")
	fs.StringVar(&s.stateDir, "state-dir", defaultStateDir(), "`directory` in which codebases and sandboxes are kept")
	fs.StringVar(&s.runtime, "runtime", "native", "`runtime` of sandboxes that ask for no other: native, bwrap")
	fs.DurationVar(&s.parkAfter, "park-after", sandbox.DefaultParkAfter, "how long an idle sandbox keeps its processes; negative: always")
}

// defaultStateDir is what a service manager says (systemd: StateDirectory=), or
// else a place of the user's.
func defaultStateDir() string {
	if dir := os.Getenv("STATE_DIRECTORY"); filepath.IsAbs(dir) {
		return dir
	}
	if os.Geteuid() == 0 {
		return "/var/lib/sandboxd"
	}
	base := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(base) { // which the specification wants ignored
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		base = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(base, "sandboxd")
}
