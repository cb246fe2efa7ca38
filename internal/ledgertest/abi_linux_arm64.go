// SPDX-License-Identifier: MIT

package ledgertest

// foreignABIs: a 64-bit process of this CPU has one entry to the kernel.
func foreignABIs() []try {
	return []try{attempt("another entry", "none", func() (string, error) { return "none", nil })}
}
