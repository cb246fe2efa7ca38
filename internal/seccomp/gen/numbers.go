// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var constant = regexp.MustCompile(`(?m)^\tSYS_(\w+)\s*=\s*(\d+)$`)

// readNumbers returns the names of system calls by number.
func readNumbers(file string) (map[int]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	names := make(map[int]string)
	for _, m := range constant.FindAllSubmatch(text, -1) {
		nr, err := strconv.Atoi(string(m[2]))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		name := strings.ToLower(string(m[1]))
		if other, ok := names[nr]; ok {
			return nil, fmt.Errorf("%s: %d is both %s and %s", file, nr, other, name)
		}
		names[nr] = name
	}
	if len(names) < 300 {
		return nil, fmt.Errorf("%s: only %d system calls found", file, len(names))
	}
	return names, nil
}

func writeNumbers(t target, names map[int]string) *bytes.Buffer {
	var b bytes.Buffer
	fmt.Fprintf(&b, "// numbers%s holds the names of system calls by number.\n", t.ident)
	fmt.Fprintf(&b, "var numbers%s = [...]string{\n", t.ident)
	for _, nr := range slices.Sorted(maps.Keys(names)) {
		fmt.Fprintf(&b, "%d: %q,\n", nr, names[nr])
	}
	b.WriteString("}\n")
	return &b
}
