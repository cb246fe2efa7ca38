// SPDX-License-Identifier: MIT

package fsguard

import (
	"path"
	"strings"
)

// canonical brings a path into the form that the index wants: components each
// with a slash in front, so that the root is "". A path that is already clean,
// as those of a walk are, costs a look at each byte and no memory.
func canonical(p string) string {
	if p == "/" {
		return ""
	}
	if !clean(p) {
		p = path.Clean("/" + p)
		if p == "/" {
			return ""
		}
	}
	return p
}

func clean(p string) bool {
	if p == "" || p[0] != '/' {
		return false
	}
	for rest := p[1:]; ; {
		i := strings.IndexByte(rest, '/')
		if i < 0 {
			return plainName(rest)
		}
		if !plainName(rest[:i]) {
			return false
		}
		rest = rest[i+1:]
	}
}

// plainName reports whether a component, which holds no slash, names an entry.
func plainName(c string) bool { return c != "" && c != "." && c != ".." }

// split cuts a canonical path into its directory and its base name.
func split(p string) (dir, base string) {
	i := strings.LastIndexByte(p, '/')
	if i < 0 {
		return "", ""
	}
	return p[:i], p[i+1:]
}

// shown is the inverse of canonical.
func shown(p string) string {
	if p == "" {
		return "/"
	}
	return p
}
