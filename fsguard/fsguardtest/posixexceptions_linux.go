// SPDX-License-Identifier: MIT

package fsguardtest

// posixExceptions are the documented differences between a sandbox and a bind
// mount, each of which must be met.
var posixExceptions = []struct {
	why   string
	holds func(o op, got, want result) bool
}{}

// posixException is the reason for which two results may differ, "" for none.
func posixException(o op, got, want result) string {
	for _, e := range posixExceptions {
		if e.holds(o, got, want) {
			return e.why
		}
	}
	return ""
}
