// SPDX-License-Identifier: MIT

package patch

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// quote writes a name as git does: as it is, or, if it holds anything that
// could be taken for something else or that is not printed, in quotation marks
// and with the escapes of C. So is one that ends in a space, which git leaves as it is:
// GNU patch would cut the space off, and change the file of the name that is left.
func quote(name string) string {
	if plain(name) {
		return name
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(name); {
		r, size := utf8.DecodeRuneInString(name[i:])
		if printable(r, size) && r != '"' && r != '\\' {
			b.WriteString(name[i : i+size])
			i += size
			continue
		}
		for ; size > 0; size-- {
			escape(&b, name[i])
			i++
		}
	}
	b.WriteByte('"')
	return b.String()
}

func escape(b *strings.Builder, c byte) {
	const named = "\a\b\t\n\v\f\r\"\\"
	if i := strings.IndexByte(named, c); i >= 0 {
		b.WriteByte('\\')
		b.WriteByte(`abtnvfr"\`[i])
		return
	}
	fmt.Fprintf(b, `\%03o`, c)
}

func plain(name string) bool {
	if strings.HasSuffix(name, " ") {
		return false
	}
	for i := 0; i < len(name); {
		r, size := utf8.DecodeRuneInString(name[i:])
		if !printable(r, size) || r == '"' || r == '\\' {
			return false
		}
		i += size
	}
	return true
}

// printable reports whether a character is shown as itself: invalid UTF-8,
// control characters and those that change the direction of writing are not.
func printable(r rune, size int) bool {
	return unicode.IsPrint(r) && (r != utf8.RuneError || size > 1)
}

// label is a name in a line that begins with "---" or "+++". A tab ends one
// that holds spaces: what follows could be taken for a time.
func label(name string) string {
	q := quote(name)
	if q == name && strings.Contains(name, " ") {
		return q + "\t"
	}
	return q
}
