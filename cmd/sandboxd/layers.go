// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"
)

// layer gives flags that were not given on the command line their values: from the
// environment, or else from the file that --config names. What is wrong names
// where it stands. Flags that are no settings are left alone.
func layer(fs *pflag.FlagSet, environ func(string) (string, bool)) error {
	known := pflag.NewFlagSet("", pflag.ContinueOnError) // what nobody looks at takes values of no use here
	new(settings).add(known)
	if err := fromEnvironment(fs, known, environ); err != nil {
		return err
	}
	if path := fs.Lookup("config").Value.String(); path != "" {
		return fromFile(fs, known, path)
	}
	return nil
}

// variable is the name of a flag in the environment.
func variable(flag string) string {
	return "SANDBOXD_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

func fromEnvironment(fs, known *pflag.FlagSet, environ func(string) (string, bool)) (err error) {
	fs.VisitAll(func(f *pflag.Flag) {
		text, ok := environ(variable(f.Name))
		if err != nil || !ok || f.Changed || known.Lookup(f.Name) == nil {
			return
		}
		if e := fs.Set(f.Name, text); e != nil {
			err = usagef("environment variable %s: %w", variable(f.Name), cause(e))
		}
	})
	return err
}

// fromFile takes all keys of a file, those that something else has overridden, or
// that this command does not need, too: they must make sense.
func fromFile(fs, known *pflag.FlagSet, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the settings: %w", err)
	}
	entries, err := parseFile(data)
	if err != nil {
		return usagef("%s: %w", path, err)
	}
	for _, e := range entries {
		f := known.Lookup(e.key)
		if f == nil || e.key == "config" {
			return usagef("%s: line %d: there is no setting %q", path, e.line, e.key)
		}
		if e.list && f.Value.Type() != "stringSlice" {
			return usagef("%s: line %d: %s: a list, where one value is wanted", path, e.line, e.key)
		}
		to := fs
		if f := fs.Lookup(e.key); f == nil || f.Changed {
			to = known
		}
		if err := to.Set(e.key, e.value); err != nil {
			return usagef("%s: line %d: %s: %w", path, e.line, e.key, cause(err))
		}
	}
	return nil
}

// cause is what is wrong with a value, without the flag that it was not given by.
func cause(err error) error {
	if e, ok := err.(*pflag.InvalidValueError); ok {
		return fmt.Errorf("%q: %w", e.GetValue(), e.Unwrap())
	}
	return err
}
