// SPDX-License-Identifier: MIT

package main

import (
	"io"
	"log/slog"
)

// newLogger makes the logger that the settings ask for.
func newLogger(w io.Writer, format, level string) (*slog.Logger, error) {
	var o slog.HandlerOptions
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, usagef("--log-level: there is no level %q, but debug, info, warn, error", level)
	}
	o.Level = l
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, &o)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, &o)), nil
	}
	return nil, usagef("--log-format: there is no form %q, but text, json", format)
}
