// SPDX-License-Identifier: MIT

//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// given reads settings from a command line, an environment and a file.
func given(t *testing.T, args []string, env map[string]string, file string) (*settings, error) {
	t.Helper()
	var s settings
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	s.add(fs)
	if file != "" {
		path := filepath.Join(t.TempDir(), "config.yaml")
		must(t, os.WriteFile(path, []byte(file), 0o600))
		args = append(args, "--config", path)
	}
	must(t, fs.Parse(args))
	return &s, layer(fs, func(name string) (string, bool) { v, ok := env[name]; return v, ok })
}

func TestPrecedence(t *testing.T) {
	file := "# comment\nlisten: 127.0.0.1:1\nmax-upload: 3M\nruntimes: [native, bwrap]\nreflection: true\nmax-streams: 7\ndrain-timeout: 5s\nsocket-mode: 0660\n"
	s, err := given(t, []string{"--max-upload", "1M"}, map[string]string{"SANDBOXD_MAX_UPLOAD": "2M", "SANDBOXD_LISTEN": "127.0.0.1:2", "SANDBOXD_MAX_COMMANDS": "9"}, file)
	must(t, err)
	if s.maxUpload != 1<<20 || s.listen != "127.0.0.1:2" || s.maxCommands != 9 || len(s.runtimes) != 2 || !s.reflection || s.maxStreams != 7 ||
		s.drainTimeout.String() != "5s" || s.runtime != "native" || s.socketMode != 0o660 {
		t.Errorf("got %+v", s)
	}
	path := filepath.Join(t.TempDir(), "config.yaml")
	must(t, os.WriteFile(path, []byte("log-level: debug\n"), 0o600))
	if s, err = given(t, nil, map[string]string{"SANDBOXD_CONFIG": path}, ""); err != nil || s.logLevel != "debug" {
		t.Errorf("the file that the environment names: %v, %v", s.logLevel, err)
	}
	if s, err = given(t, nil, nil, "runtimes: native\n"); err != nil || len(s.runtimes) != 1 {
		t.Errorf("a list of one: %v, %v", s.runtimes, err)
	}
}

func TestWrongSettings(t *testing.T) {
	for _, test := range []struct{ env, file, want string }{
		{env: "SANDBOXD_MAX_STREAMS=many", want: "environment variable SANDBOXD_MAX_STREAMS: \"many\""},
		{env: "SANDBOXD_REFLECTION=perhaps", want: "environment variable SANDBOXD_REFLECTION"},
		{env: "SANDBOXD_SOCKET_MODE=rw", want: "not permissions"},
		{env: "SANDBOXD_CONFIG=/nonexistent", want: "/nonexistent"},
		{file: "listne: x\n", want: `config.yaml: line 1: there is no setting "listne"`},
		{file: "\nmax-streams: many\n", want: `config.yaml: line 2: max-streams: "many"`},
		{file: "max-upload: 1M\nmax-upload: 2M\n", want: "there twice"},
		{file: "listen: [a, b]\n", want: "a list, where one value is wanted"},
		{file: "listen: {a: b}\n", want: "neither a value nor a list"},
		{file: "listen:\n", want: "no value"},
		{file: "- listen\n", want: "name: value"},
		{file: "listen: \"\n", want: "config.yaml"},
		{file: "listen: a\n---\nlisten: b\n", want: "more than one document"},
		{file: "config: other\n", want: "there is no setting"},
		{file: "help: true\n", want: "there is no setting"},
		{file: "owner: alice\n", want: "there is no setting"},
		{file: "runtimes: [[a]]\n", want: "not a list of names"},
		{file: "max-upload: x\n", env: "SANDBOXD_MAX_UPLOAD=1M", want: "line 1: max-upload"}, // although it is overridden
	} {
		env := map[string]string{}
		if name, value, ok := strings.Cut(test.env, "="); ok {
			env[name] = value
		}
		if _, err := given(t, nil, env, test.file); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q, %q: got %v, want %q", test.env, test.file, err, test.want)
		}
	}
}

// FuzzFile feeds whatever a file of settings may hold.
func FuzzFile(f *testing.F) {
	f.Add([]byte("listen: a\nruntimes: [a, b]\n"))
	f.Add([]byte("a: &x b\nc: *x\n"))
	f.Add([]byte("---\n...\n"))
	f.Add([]byte("? [a]\n: b\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := parseFile(data)
		if err != nil {
			return
		}
		for _, e := range entries {
			if e.line <= 0 {
				t.Errorf("%q: %+v", data, e)
			}
		}
	})
}
