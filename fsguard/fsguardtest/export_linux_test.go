// SPDX-License-Identifier: MIT

package fsguardtest

import "github.com/sandbox-rls/sandbox/internal/oracle"

// Compare compares a case with what a sandbox is said to have come to.
func Compare(c oracle.Case, o oracle.Outcome, tree string) string {
	var got []result
	for _, r := range o.Results {
		got = append(got, result{Saw: text(r)})
	}
	return compare(c, oracleScript(c), append(got, result{Saw: text(tree)}), o.Changes)
}
