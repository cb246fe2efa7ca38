// SPDX-License-Identifier: MIT

package patch

import "strings"

// Edits tells how often what was compared is replaced, and checks that the
// edits make a of b.
func Edits(before, after string) (replaced int, ok bool) {
	a, b := split(before), split(after)
	var got []string
	at := 0
	for _, e := range edits(a, b) {
		if e.from < at || e.to > len(b) {
			return 0, false
		}
		got = append(append(got, a[at:e.from]...), b[e.to:e.toEnd]...)
		replaced += e.fromEnd - e.from + e.toEnd - e.to
		at = e.fromEnd
	}
	return replaced, strings.Join(append(got, a[at:]...), "") == after
}

// Quote is quote.
var Quote = quote
