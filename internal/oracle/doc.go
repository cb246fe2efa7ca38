// SPDX-License-Identifier: MIT

// Package oracle says what a file system under rules answers. It is a model in
// plain Go, made of what docs/rules.md promises and of what the system calls
// are documented to do, and shares no code with the guard: of fsguard it takes
// the type of a rule, and the level of a path from the naive rulemodel.
//
// A [Case] is a tree, rules and a sequence of operations. [Random] draws one
// from a seed. [Case.Expect] gives the result of each operation, the tree as
// the sandbox then sees it, and the changes as its owner sees them. The
// package fsguardtest performs the same case in a sandbox and compares; where
// they differ, [Shrink] finds a smaller case that still does, which prints as
// Go ([Case.GoString]).
//
// # What the model knows
//
//   - Every path has one of the four levels. A level is that of the path alone.
//   - The tree shows what is of the level view or above, the directories that
//     lead to it, and those that write rules name ([newWorld]).
//   - A change to a name without the level write finds a read-only file system
//     there. Which errors come before EROFS is for each call as in the kernel.
//   - The sandbox has one user, who owns everything and has no capability: the
//     owner's bits of a mode decide.
//
// The files: case and op are the vocabulary; random draws; world, entry and
// visible are the tree; walk resolves paths; do and the files named for groups
// of calls decide; dump and changes render the end; shrink and print are for
// failures; mutant has the mistakes that the tests plant in the model, to see
// that a sandbox that makes them would be found out.
package oracle
