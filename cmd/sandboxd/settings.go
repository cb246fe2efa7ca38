// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/pflag"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/internal/size"
	"github.com/sandbox-rls/sandbox/server"
)

// settings are what the server can be told: by a flag, by a variable of the
// environment, by a key of a file; see layers.
type settings struct {
	config string

	listen     string
	socketMode fileMode
	allowHost  []string

	stateDir  string
	runtime   string
	runtimes  []string
	init      string
	delegated bool
	parkAfter time.Duration

	noHaltPolling bool

	tlsCert, tlsKey, tlsClientCA string
	insecure                     bool
	auth, noAuth                 bool
	tokenFile                    string

	maxMessage, maxUpload, maxOutput               size.Size
	maxCommands, maxOwnerCommands                  int
	maxOwnerSandboxes, maxOwnerCodebases           int
	maxOwnerBytes                                  size.Size
	maxHeader                                      size.Size
	maxStreams                                     int
	headerTimeout, readTimeout, idle, drainTimeout time.Duration

	reflection          bool
	metricsListen       string
	logFormat, logLevel string
}

// add makes flags of them.
func (s *settings) add(fs *pflag.FlagSet) {
	fs.SortFlags = false
	fs.StringVar(&s.config, "config", "", "`file` of settings, in YAML; its keys are the names of these flags")

	fs.StringVar(&s.listen, "listen", "127.0.0.1:9000", "`address` to listen on: host:port, or unix:/path")
	s.socketMode = 0o600
	fs.Var(&s.socketMode, "socket-mode", "`permissions` of the socket of --listen unix:/path")
	fs.StringSliceVar(&s.allowHost, "allow-host", nil, "`names` besides localhost that clients of a loopback address without tokens may call it by")

	s.addState(fs)

	fs.StringVar(&s.tlsCert, "tls-cert", "", "`file` with the certificate, and those of its issuers, in PEM; read again on SIGHUP")
	fs.StringVar(&s.tlsKey, "tls-key", "", "`file` with the certificate's private key, in PEM")
	fs.StringVar(&s.tlsClientCA, "tls-client-ca", "", "`file` of certificates, in PEM, one of which must have issued a client's own")
	fs.BoolVar(&s.insecure, "insecure", false, "listen without TLS on an address that others can reach")
	fs.BoolVar(&s.auth, "auth", false, "ask for a token on a loopback address or a socket too, before there is one")
	fs.BoolVar(&s.noAuth, "no-auth", false, "ask nobody for a token")

	fs.Var(defaulted(&s.maxMessage, server.DefaultMessageBytes), "max-message", "how large a message may be: a command with its standard input, or a part of an upload")
	fs.Var(&s.maxUpload, "max-upload", "how large an uploaded file or archive may be")
	fs.Var(defaulted(&s.maxOutput, server.DefaultOutputBytes), "max-output", "how large the answer to a command may be; more is cut off")
	fs.IntVar(&s.maxCommands, "max-commands", 0, "how many commands may run at a time")
	fs.IntVar(&s.maxOwnerCommands, "max-commands-per-owner", 0, "how many of an owner may")
	fs.IntVar(&s.maxOwnerSandboxes, "max-sandboxes-per-owner", 0, "how many sandboxes an owner may have")
	fs.IntVar(&s.maxOwnerCodebases, "max-codebases-per-owner", 0, "how many codebases an owner may have")
	fs.Var(&s.maxOwnerBytes, "max-bytes-per-owner", "how large all codebases of an owner may be together")
	fs.Var(defaulted(&s.maxHeader, 64<<10), "max-header", "how large the headers of a request may be")
	fs.IntVar(&s.maxStreams, "max-streams", 250, "how many calls of one HTTP/2 connection may be open")
	fs.DurationVar(&s.headerTimeout, "header-timeout", 10*time.Second, "how long the headers of a request may take")
	fs.DurationVar(&s.readTimeout, "read-timeout", server.DefaultReadTimeout, "how long a client may be silent in the middle of a message; negative: for ever")
	fs.DurationVar(&s.idle, "idle-timeout", 3*time.Minute, "how long a connection without calls is kept")
	fs.DurationVar(&s.drainTimeout, "drain-timeout", 30*time.Second, "how long commands that run may take to end when the server is to")

	fs.BoolVar(&s.reflection, "reflection", false, "let clients ask for the protocol's description")
	fs.StringVar(&s.metricsListen, "metrics-listen", "", "`address` to serve /metrics on; by default the main one does if it is a loopback address or a socket")
	fs.StringVar(&s.logFormat, "log-format", "text", "`form` of the log, on standard error: text, json")
	fs.StringVar(&s.logLevel, "log-level", "info", "`level` from which on is logged: debug, info, warn, error")
}

// addState adds those that say what the server has.
func (s *settings) addState(fs *pflag.FlagSet) {
	s.addTokenFile(fs)
	fs.StringVar(&s.runtime, "runtime", "native", "`runtime` of sandboxes that ask for no other: native, bwrap, docker")
	fs.StringSliceVar(&s.runtimes, "runtimes", nil, "`runtimes` that sandboxes may ask for; by default all that this machine has")
	fs.StringVar(&s.init, "init", "", "`program` that is the init of sandboxes; by default a sandbox-init beside this one, or else this one")
	fs.BoolVar(&s.delegated, "delegated-cgroup", false, "the server's cgroup was delegated to it alone (systemd: Delegate=yes)")
	fs.BoolVar(&s.noHaltPolling, "no-halt-polling", false, "keep no idle core busy while commands open many files for writing, which is faster in many virtual machines")
	fs.DurationVar(&s.parkAfter, "park-after", sandbox.DefaultParkAfter, "how long an idle sandbox keeps its processes; negative: always")
}

// addTokenFile adds those that the commands for tokens need too.
func (s *settings) addTokenFile(fs *pflag.FlagSet) {
	fs.StringVar(&s.stateDir, "state-dir", defaultStateDir(), "`directory` in which codebases and sandboxes are kept")
	fs.StringVar(&s.tokenFile, "token-file", "", "`file` of tokens; by default tokens.json in the state directory")
}

func (s *settings) tokens() string {
	if s.tokenFile != "" {
		return s.tokenFile
	}
	return filepath.Join(s.stateDir, "tokens.json")
}

// check reports settings that make no sense together.
func (s *settings) check() error {
	switch {
	case s.stateDir == "":
		return usagef("no place to keep sandboxes in: give --state-dir")
	case (s.tlsCert == "") != (s.tlsKey == ""):
		return usagef("--tls-cert and --tls-key go together")
	case s.tlsClientCA != "" && s.tlsCert == "":
		return usagef("--tls-client-ca needs --tls-cert")
	case s.auth && s.noAuth:
		return usagef("--auth and --no-auth contradict each other")
	case s.maxStreams <= 0:
		return usagef("--max-streams must be more than 0")
	case s.maxHeader < 4<<10:
		return usagef("--max-header must be 4K or more")
	case s.headerTimeout <= 0 || s.idle <= 0:
		return usagef("--header-timeout and --idle-timeout must be more than 0")
	case s.drainTimeout < 0:
		return usagef("--drain-timeout must not be negative")
	}
	for name, n := range map[string]int{
		"max-commands": s.maxCommands, "max-commands-per-owner": s.maxOwnerCommands,
		"max-sandboxes-per-owner": s.maxOwnerSandboxes, "max-codebases-per-owner": s.maxOwnerCodebases,
	} {
		if n < 0 {
			return usagef("--%s must not be negative", name)
		}
	}
	return nil
}

func (s *settings) limits() server.Limits {
	return server.Limits{
		MessageBytes: int(s.maxMessage), UploadBytes: int64(s.maxUpload), OutputBytes: int(s.maxOutput),
		Commands: s.maxCommands, CommandsPerOwner: s.maxOwnerCommands,
		SandboxesPerOwner: s.maxOwnerSandboxes, CodebasesPerOwner: s.maxOwnerCodebases,
		BytesPerOwner: int64(s.maxOwnerBytes), ReadTimeout: s.readTimeout,
	}
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
