// SPDX-License-Identifier: MIT

package fsguard

import (
	"strings"
	"unicode/utf8"
)

// shapeKind sorts globs by what has to be looked at to match them.
type shapeKind uint8

const (
	shapeExact   shapeKind = iota // dir itself
	shapeSubtree                  // dir/**: dir and all beneath it
	shapeStrict                   // dir/**/*: all beneath dir
	shapeTail                     // dir/**/a/b: a path that ends so
	shapeInside                   // dir/**/a/b/**: such a path and all beneath it
	shapeAffix                    // dir/**/a*b or dir/a*b: by the base name
	shapeGlob                     // whatever else
)

// shape is a pattern taken apart: a literal directory, in which it is indexed,
// and a test of what follows. All strings are literal, without escapes.
type shape struct {
	kind   shapeKind
	dir    string // "" is the root
	tail   string // shapeTail, shapeInside: "/a/b"
	strict bool   // shapeInside: not the path that ends in tail itself
	prefix string // shapeAffix
	suffix string // shapeAffix
	direct bool   // shapeAffix: names in dir only, not further down
	glob   string // shapeGlob: the pattern, which speaks of paths at dir or beneath
}

// parseGlob recognizes the shape of a normalized, valid glob.
func parseGlob(norm string) shape {
	if norm == "" {
		return shape{kind: shapeExact}
	}
	general := shape{kind: shapeGlob, glob: norm}
	comps := strings.Split(norm[1:], "/")
	n := 0
	var dir strings.Builder
	for ; n < len(comps); n++ {
		lit, ok := unescape(comps[n])
		if !ok {
			break
		}
		dir.WriteByte('/')
		dir.WriteString(lit)
	}
	general.dir = dir.String()
	rest := comps[n:]
	switch {
	case len(rest) == 0:
		return shape{kind: shapeExact, dir: general.dir}
	case len(rest) == 1 && rest[0] == "**":
		return shape{kind: shapeSubtree, dir: general.dir}
	case len(rest) == 2 && rest[0] == "**" && rest[1] == "*":
		return shape{kind: shapeStrict, dir: general.dir}
	case rest[0] == "**":
		return parseDeep(general, rest[1:])
	case len(rest) == 1:
		return parseAffix(general, rest[0], true)
	}
	return general
}

// parseDeep goes on after "dir/**/".
func parseDeep(general shape, rest []string) shape {
	s := shape{kind: shapeTail, dir: general.dir}
	if n := len(rest); n >= 1 && rest[n-1] == "**" {
		s.kind, rest = shapeInside, rest[:n-1]
	} else if n >= 2 && rest[n-2] == "**" && rest[n-1] == "*" {
		s.kind, s.strict, rest = shapeInside, true, rest[:n-2]
	}
	if len(rest) == 0 {
		return general
	}
	for _, c := range rest {
		lit, ok := unescape(c)
		if !ok {
			if len(rest) == 1 && s.kind == shapeTail {
				return parseAffix(general, c, false)
			}
			return general
		}
		s.tail += "/" + lit
	}
	return s
}

// parseAffix recognizes a component with one star in it.
func parseAffix(general shape, comp string, direct bool) shape {
	before, after, found := strings.Cut(comp, "*")
	if !found {
		return general
	}
	prefix, ok1 := unescape(before)
	suffix, ok2 := unescape(after)
	if !ok1 || !ok2 {
		return general
	}
	return shape{kind: shapeAffix, dir: general.dir, prefix: prefix, suffix: suffix, direct: direct}
}

// unescape returns the string that a part of a glob stands for, and false
// where it may stand for more than one. That includes invalid UTF-8 and
// U+FFFD, which doublestar takes to be equal to each other.
func unescape(s string) (string, bool) {
	if strings.ContainsAny(s, `*?[]{}`) || !utf8.ValidString(s) || strings.ContainsRune(s, utf8.RuneError) {
		return "", false
	}
	if strings.IndexByte(s, '\\') < 0 {
		return s, true
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			if i++; i == len(s) {
				return "", false
			}
		}
		b = append(b, s[i])
	}
	return string(b), true
}
