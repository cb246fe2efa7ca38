// SPDX-License-Identifier: MIT

package fsguard

import "strings"

// maxExpansions is how many globs one glob with braces may be split into so
// that each finds its place in the index. A glob with more is matched whole.
const maxExpansions = 64

// expand replaces a glob with braces by the globs it stands for, as far as
// that is plainly the same: the alternatives are simple words, which cannot
// form a wildcard together with their neighbours.
func expand(norm string) []string {
	if strings.IndexByte(norm, '{') < 0 {
		return []string{norm}
	}
	done := []string{""}
	rest := norm
	for {
		open := nextBrace(rest)
		if open < 0 {
			return appendToAll(done, rest)
		}
		n := strings.IndexByte(rest[open:], '}')
		if n < 0 {
			return []string{norm}
		}
		words := strings.Split(rest[open+1:open+n], ",")
		if len(done)*len(words) > maxExpansions {
			return []string{norm}
		}
		next := make([]string, 0, len(done)*len(words))
		for _, d := range done {
			for _, w := range words {
				if w == "" || strings.ContainsAny(w, `*?[]{}\/`) {
					return []string{norm}
				}
				next = append(next, d+rest[:open]+w)
			}
		}
		done, rest = next, rest[open+n+1:]
	}
}

func appendToAll(list []string, tail string) []string {
	for i := range list {
		list[i] += tail
	}
	return list
}

// nextBrace finds the first brace that opens alternatives, or -1.
func nextBrace(glob string) int {
	for i := 0; i < len(glob); i++ {
		switch glob[i] {
		case '\\':
			i++
		case '[':
			i = classEnd(glob, i)
		case '{':
			return i
		}
	}
	return -1
}

// classEnd returns the index of the bracket that closes the class opened at i,
// or of the last byte where none does.
func classEnd(glob string, i int) int {
	for i++; i < len(glob); i++ {
		switch glob[i] {
		case '\\':
			i++
		case ']':
			return i
		}
	}
	return len(glob) - 1
}

// alternatives counts, from above, the ways to choose among all the braces of
// a glob, since doublestar tries each. It stops counting beyond the limit.
func alternatives(glob string) int {
	total := 1
	var open []int // words so far of each group not yet closed
	for i := 0; i < len(glob) && total <= maxAlternatives; i++ {
		switch glob[i] {
		case '\\':
			i++
		case '[':
			i = classEnd(glob, i)
		case '{':
			open = append(open, 1)
		case ',':
			if len(open) > 0 {
				open[len(open)-1]++
			}
		case '}':
			if len(open) > 0 {
				total *= open[len(open)-1]
				open = open[:len(open)-1]
			}
		}
	}
	return total
}
