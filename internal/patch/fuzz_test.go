// SPDX-License-Identifier: MIT

package patch_test

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox/internal/patch"
)

func FuzzEdits(f *testing.F) {
	f.Add("a\nb\n", "b\na")
	f.Add("", "\n\n")
	f.Fuzz(func(t *testing.T, before, after string) {
		if _, ok := patch.Edits(before, after); !ok {
			t.Error("the edits do not make one of the other")
		}
	})
}

// FuzzQuote asks that a name is one line of what is shown as itself, and is found
// again in it.
func FuzzQuote(f *testing.F) {
	for _, s := range []string{"plain", "a b", "a ", `"`, "\\", "\n\t\a", "\xff", "\u202e", "\u00e4", "\\303"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		q := patch.Quote(name)
		if q != strings.Map(printed, q) {
			t.Errorf("%q is %q", name, q)
		}
		if !strings.HasPrefix(q, `"`) {
			if q != name {
				t.Errorf("%q is %q", name, q)
			}
			return
		}
		// What C escapes, Go does in the same way.
		if got, err := strconv.Unquote(q); err != nil || got != name {
			t.Errorf("%q is %q, which is %q, %v", name, q, got, err)
		}
	})
}

func printed(r rune) rune {
	if strconv.IsPrint(r) {
		return r
	}
	return -1
}

// FuzzWrite applies the patches that are written, by an obvious way of doing so.
func FuzzWrite(f *testing.F) {
	f.Add("a\nb\nc\n", "a\nc\nd", "/x", uint8(3))
	f.Add("", "\\ No newline at end of file\n", "/--- a", uint8(0))
	f.Add("@@ -1 +1 @@\n", "-x\n+y", "/a b\tc", uint8(1))
	f.Add("a\r\n\rb", "a\n", "/\xff", uint8(9))
	f.Add("x\n\n\n\n\n\n\n\n\ny", "\n\n\n\n\n\n\n\n\n", "/f", uint8(2))
	f.Fuzz(func(t *testing.T, before, after, path string, context uint8) {
		if strings.ContainsRune(before+after, 0) || !strings.HasPrefix(path, "/") || len(path) < 2 {
			return // binary, or no name
		}
		c := patch.Change{Path: path, Old: &patch.File{Mode: 0o644, Text: before}, New: &patch.File{Mode: 0o755 | fs.ModeSticky, Text: after}}
		var b strings.Builder
		if err := patch.Write(&b, c, int(context%10)); err != nil {
			t.Fatal(err)
		}
		if got, err := applied(before, b.String()); err != nil || got != after {
			t.Errorf("%q to %q: %q, %v, by\n%s", before, after, got, err, b.String())
		}
	})
}

// applied does what the hunks of a patch of one file say.
func applied(text, patch string) (string, error) {
	old := strings.SplitAfter(text, "\n")
	var out strings.Builder
	at := 0
	in := false
	lines := strings.SplitAfter(patch, "\n")
	for i, l := range lines {
		var first int
		if rest, ok := strings.CutPrefix(l, "@@ -"); ok {
			number, _, _ := strings.Cut(rest, " ")
			number, count, counted := strings.Cut(number, ",")
			first, _ = strconv.Atoi(number)
			if counted && count == "0" {
				first++
			}
			if first-1 < at || first-1 > len(old) {
				return "", fmt.Errorf("hunk at line %d after %d", first, at)
			}
			out.WriteString(strings.Join(old[at:first-1], ""))
			at, in = first-1, true
			continue
		}
		if !in || l == "" || l[0] == '\\' {
			continue
		}
		body := l[1:]
		if i+1 < len(lines) && strings.HasPrefix(lines[i+1], `\ No newline`) {
			body = strings.TrimSuffix(body, "\n")
		}
		if l[0] != '+' {
			if at >= len(old) || old[at] != body {
				return "", fmt.Errorf("line %d is not %q", at+1, body)
			}
			at++
		}
		if l[0] != '-' {
			out.WriteString(body)
		}
	}
	out.WriteString(strings.Join(old[at:], ""))
	return out.String(), nil
}
