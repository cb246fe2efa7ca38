// SPDX-License-Identifier: MIT

package fsguard

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// Errors that a bad rule wraps.
var (
	// ErrBadPattern says that a pattern cannot match any path as written.
	ErrBadPattern = errors.New("bad pattern")
	// ErrBadPermission says that a level is none of the four.
	ErrBadPermission = errors.New("unknown permission")
	// ErrBadPatternType says that a pattern's type is none of the three.
	ErrBadPatternType = errors.New("unknown pattern type")
)

// Rule gives the paths that its pattern matches a level. Paths are those of
// the workspace and begin with a slash; a pattern without one is taken from
// the workspace's root, so that "*.key" speaks of the top level only and
// "**/*.key" of every level. Slashes at the end are ignored.
type Rule struct {
	Pattern    string      `json:"pattern"`
	Type       PatternType `json:"type"`
	Permission Permission  `json:"permission"`
	// Priority decides before anything else does: higher wins. Default 0.
	Priority int `json:"priority"`
}

// RuleError says which rule of a list is refused, and why.
type RuleError struct {
	Index int // the rule's place in the list, from 0
	Rule  Rule
	Err   error // wraps one of the sentinels of this package
}

func (e *RuleError) Error() string {
	return fmt.Sprintf("rule %d, pattern %q: %v", e.Index, e.Rule.Pattern, e.Err)
}

func (e *RuleError) Unwrap() error { return e.Err }

// Limits that keep a pattern from a stranger cheap to match.
const (
	maxPatternLen   = 4096 // PATH_MAX: nothing longer can name a file
	maxAlternatives = 1024 // ways to choose among all {a,b} of one pattern
)

// Validate reports whether the rule can be compiled: its pattern is neither
// empty nor malformed, holds no NUL byte and no "." or ".." component, and its
// type and level are known ones.
func (r Rule) Validate() error {
	if r.Type > File {
		return fmt.Errorf("%w %d", ErrBadPatternType, r.Type)
	}
	if r.Permission > Write {
		return fmt.Errorf("%w %d", ErrBadPermission, r.Permission)
	}
	if r.Pattern == "" {
		return fmt.Errorf("%w: it is empty", ErrBadPattern)
	}
	if len(r.Pattern) > maxPatternLen {
		return fmt.Errorf("%w: longer than %d bytes", ErrBadPattern, maxPatternLen)
	}
	if strings.IndexByte(r.Pattern, 0) >= 0 {
		return fmt.Errorf("%w: it holds a NUL byte", ErrBadPattern)
	}
	norm := normalize(r.Pattern)
	for c := range strings.SplitSeq(norm, "/") {
		if c == "." || c == ".." {
			return fmt.Errorf("%w: a component is %q", ErrBadPattern, c)
		}
	}
	if r.Type != Glob {
		return nil
	}
	return validateGlob(norm)
}

func validateGlob(norm string) error {
	if !doublestar.ValidatePattern(norm) {
		return fmt.Errorf("%w: a bracket, brace or backslash is not closed", ErrBadPattern)
	}
	if alternatives(norm) > maxAlternatives {
		return fmt.Errorf("%w: its braces give more than %d choices", ErrBadPattern, maxAlternatives)
	}
	return nil
}

// normalize brings a pattern into the form that is compared with paths: one
// slash in front, none at the end, none doubled. The root becomes "", so that
// "/**" matches it as "/docs/**" matches "/docs".
func normalize(pattern string) string {
	p := strings.Trim(pattern, "/")
	for strings.Contains(p, "//") {
		p = strings.ReplaceAll(p, "//", "/")
	}
	if p == "" {
		return ""
	}
	return "/" + p
}
