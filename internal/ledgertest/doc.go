// SPDX-License-Identifier: MIT

// Package ledgertest makes the attacks of docs/bypass-ledger.md from inside of
// sandboxes, for every runtime: with the guard at its door, and again with the
// guard gone.
//
// The test binary itself is the attacker, which importing the package is enough
// for: a copy of it lies in each tree and is executed in the sandbox.
//
// Races last two seconds for each row, or as long as the environment variable
// SANDBOX_SOAK says (a duration of package time, such as "10m").
package ledgertest
