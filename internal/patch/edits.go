// SPDX-License-Identifier: MIT

package patch

import (
	"slices"

	"github.com/aymanbagabas/go-udiff/lcs"
)

// edit replaces lines of the old file by lines of the new one. The numbers are
// from 0; an end is that of the line after.
type edit struct {
	from, fromEnd int
	to, toEnd     int
}

const (
	// searchDepth is how many differences one search of package lcs goes
	// through before it takes the rest for one. It is that package's own.
	searchDepth = 100
	// maxLines is how many lines two files may have together: package lcs
	// counts no further.
	maxLines = 1 << 24
)

// edits finds out how a becomes b. The edits are in order and do not touch.
func edits(a, b []string) []edit {
	whole := edit{0, len(a), 0, len(b)}
	if len(a)+len(b) > maxLines {
		return []edit{whole}
	}
	var list []edit
	todo := []edit{whole} // the first comes last
	for len(todo) > 0 {
		r := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		found := search(a, b, r)
		if len(found) == 1 && found[0] == r {
			list = append(list, r)
			continue
		}
		// A part that is larger than the search is deep may be what was left
		// of it, and is searched again. Each time something is found, so that
		// this ends.
		for _, e := range slices.Backward(found) {
			todo = append(todo, e)
		}
		for len(todo) > 0 {
			e := todo[len(todo)-1]
			if e.fromEnd-e.from+e.toEnd-e.to > searchDepth && e.from < e.fromEnd && e.to < e.toEnd {
				break
			}
			list, todo = append(list, e), todo[:len(todo)-1]
		}
	}
	return join(list)
}

// search compares a part of a with a part of b. What package lcs says is not
// taken on trust: content could have been made for it.
func search(a, b []string, r edit) (found []edit) {
	whole := []edit{r}
	defer func() {
		if recover() != nil {
			found = whole
		}
	}()
	part, other := a[r.from:r.fromEnd], b[r.to:r.toEnd]
	at, to := 0, 0
	for _, d := range lcs.DiffLines(part, other) {
		if d.Start < at || d.ReplStart < to || !slices.Equal(part[at:d.Start], other[to:d.ReplStart]) {
			return whole
		}
		at, to = d.End, d.ReplEnd
		found = append(found, edit{r.from + d.Start, r.from + d.End, r.to + d.ReplStart, r.to + d.ReplEnd})
	}
	if !slices.Equal(part[at:], other[to:]) {
		return whole
	}
	return found
}

// join puts edits together that touch.
func join(list []edit) []edit {
	var joined []edit
	for _, e := range list {
		if n := len(joined); n > 0 && joined[n-1].fromEnd == e.from && joined[n-1].toEnd == e.to {
			joined[n-1].fromEnd, joined[n-1].toEnd = e.fromEnd, e.toEnd
			continue
		}
		joined = append(joined, e)
	}
	return joined
}
