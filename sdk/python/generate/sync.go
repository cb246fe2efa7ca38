// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// replacements turn the clients for asyncio into those for threads, in this
// order.
var replacements = []struct {
	from *regexp.Regexp
	to   string
}{
	{regexp.MustCompile(`\basync (def|with|for)\b`), "$1"},
	{regexp.MustCompile(`\bawait `), ""},
	{regexp.MustCompile(`\b_io\.Opening\[(\w+)\]`), "$1"},
	{regexp.MustCompile(`\b(Codebase|Sandbox)ServiceClient\b`), "${1}ServiceClientSync"},
	{regexp.MustCompile(`\bAsync([A-Z]\w+)`), "$1"},
	{regexp.MustCompile(`\b__a(enter|exit|iter|next)__`), "__${1}__"},
	{regexp.MustCompile(`\baclose\b`), "close"},
	{regexp.MustCompile(`from several tasks`), "from several threads"},
}

// writeSync writes _sync, all but _io.py, from _async.
func writeSync(dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, "_async", "*.py"))
	if err != nil {
		return err
	}
	for _, name := range names {
		base := filepath.Base(name)
		if base == "_io.py" || base == "__init__.py" {
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, "_sync", base), []byte(synchronous(base, string(data))), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func synchronous(base, text string) string {
	for _, r := range replacements {
		text = r.from.ReplaceAllString(text, r.to)
	}
	license, rest, _ := strings.Cut(text, "\n")
	return license + "\n# Generated from _async/" + base + ". DO NOT EDIT.\n" + rest
}
