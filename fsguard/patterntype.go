// SPDX-License-Identifier: MIT

package fsguard

import (
	"fmt"
	"strings"
)

// PatternType says how a rule's pattern is compared with a path.
type PatternType uint8

// The three kinds of pattern.
const (
	// Glob is a doublestar pattern: **, *, ?, [class] and {alternatives}.
	Glob PatternType = iota
	// Directory is a literal path: it and everything beneath it.
	Directory
	// File is a literal path: exactly it.
	File
)

var patternTypeNames = [...]string{Glob: "glob", Directory: "directory", File: "file"}

// String returns "glob", "directory" or "file".
func (t PatternType) String() string {
	if int(t) < len(patternTypeNames) {
		return patternTypeNames[t]
	}
	return fmt.Sprintf("patterntype(%d)", uint8(t))
}

// ParsePatternType is the inverse of String; case does not matter. An unknown
// name is an error that wraps ErrBadPatternType.
func ParsePatternType(name string) (PatternType, error) {
	for t, n := range patternTypeNames {
		if strings.EqualFold(name, n) {
			return PatternType(t), nil
		}
	}
	return Glob, fmt.Errorf("%w %q: want one of glob, directory, file", ErrBadPatternType, name)
}

// MarshalText implements encoding.TextMarshaler.
func (t PatternType) MarshalText() ([]byte, error) {
	if t > File {
		return nil, fmt.Errorf("%w %d", ErrBadPatternType, uint8(t))
	}
	return []byte(t.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *PatternType) UnmarshalText(text []byte) error {
	v, err := ParsePatternType(string(text))
	if err != nil {
		return err
	}
	*t = v
	return nil
}
