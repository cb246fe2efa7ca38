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
	end := 0 // of the literal directory
	for end < len(norm) {
		next := componentEnd(norm, end+1)
		if _, ok := unescape(norm[end+1 : next]); !ok {
			break
		}
		end = next
	}
	dir, _ := unescape(norm[:end])
	general := shape{kind: shapeGlob, dir: dir, glob: norm}
	rest := norm[end:]
	switch {
	case rest == "":
		return shape{kind: shapeExact, dir: dir}
	case rest == "/**":
		return shape{kind: shapeSubtree, dir: dir}
	case rest == "/**/*":
		return shape{kind: shapeStrict, dir: dir}
	case strings.HasPrefix(rest, "/**/"):
		return parseDeep(general, rest[len("/**"):])
	case strings.IndexByte(rest[1:], '/') < 0:
		return parseAffix(general, rest[1:], true)
	}
	return general
}

// parseDeep goes on after "dir/**".
func parseDeep(general shape, rest string) shape {
	s := shape{kind: shapeTail, dir: general.dir}
	if tail, ok := strings.CutSuffix(rest, "/**"); ok {
		s.kind, rest = shapeInside, tail
	} else if tail, ok := strings.CutSuffix(rest, "/**/*"); ok {
		s.kind, s.strict, rest = shapeInside, true, tail
	}
	if rest == "" {
		return general
	}
	single := strings.IndexByte(rest[1:], '/') < 0
	for at := 0; at < len(rest); {
		end := componentEnd(rest, at+1)
		if _, ok := unescape(rest[at+1 : end]); !ok {
			if single && s.kind == shapeTail {
				return parseAffix(general, rest[1:], false)
			}
			return general
		}
		at = end
	}
	s.tail, _ = unescape(rest)
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
	ascii, escapes := true, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '*', '?', '[', ']', '{', '}':
			return "", false
		case '\\':
			escapes = true
		default:
			ascii = ascii && c < utf8.RuneSelf
		}
	}
	if !ascii && (!utf8.ValidString(s) || strings.ContainsRune(s, utf8.RuneError)) {
		return "", false
	}
	if !escapes {
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
