// SPDX-License-Identifier: MIT

package sandbox

import "github.com/sandbox-rls/sandbox/fsguard"

// Permission is the level that a path of the workspace has: None, View, Read
// or Write, each including what the one before it allows. The zero value is
// None. As text, in JSON for instance, a level is "none", "view", "read" or
// "write".
type Permission = fsguard.Permission

// The four levels.
const (
	// None hides the path: no listing, stat, open or exec sees it. A hidden
	// directory with something visible beneath it stays as the way there, and
	// lists only that.
	None = fsguard.None
	// View lists the path with its size, time and type; its content cannot be
	// read: opening it fails with EACCES.
	View = fsguard.View
	// Read allows reading and executing.
	Read = fsguard.Read
	// Write allows changing, creating and removing.
	Write = fsguard.Write
)

// PatternType says how a rule's pattern is compared with a path. The zero
// value is Glob. As text a type is "glob", "directory" or "file".
type PatternType = fsguard.PatternType

// The three kinds of pattern.
const (
	// Glob matches with wildcards:
	//
	//	*        any characters but a slash, dots in front included
	//	?        one character but a slash
	//	[abc]    one of a class; [a-z] a range, [!a] or [^a] what is not in it
	//	{a,b}    one of several alternatives
	//	**       as a whole component: any number of directories, none included
	//	\*       the character itself
	//
	// A pattern is taken from the workspace's root, with or without a slash in
	// front: "*.key" speaks of the top directory only, "**/*.key" of every
	// one. "/docs/**" includes /docs itself.
	Glob = fsguard.Glob
	// Directory matches a directory and all beneath it. Wildcards stand for
	// themselves.
	Directory = fsguard.Directory
	// File matches exactly one path, a directory's included. Wildcards stand
	// for themselves.
	File = fsguard.File
)

// Rule gives the paths that its pattern matches a level. Paths are those of
// the workspace, "/" being its root; slashes at the end of a pattern do not
// count.
//
// Of the rules that match a path one decides, whatever the levels are:
//
//  1. the one with the higher Priority;
//  2. then File before Directory before Glob;
//  3. then the more specific pattern: one without wildcards, then the one with
//     the longer literal text before its first wildcard, then the one with
//     fewer wildcard characters ("**" is two);
//  4. then the later in the list.
//
// A path that no rule matches is None; the root is always visible. Nothing is
// inherited from directories above beyond what the patterns say.
type Rule = fsguard.Rule

// Decision says which level a path has, the rule that gives it, and the rules
// that one beat.
type Decision = fsguard.Decision

// Warning says that a valid rule probably does not do what was meant.
type Warning = fsguard.Warning

// ValidateRules refuses rules that no sandbox can be made with: malformed
// patterns, "." and ".." components, unknown levels or types. The error is a
// *fsguard.RuleError that names the rule. Otherwise it warns of rules that can
// never decide anything, since stronger ones match all that they do, and of
// those that surely mean something else than they say, such as "*.key" where
// "**/*.key" was meant.
func ValidateRules(rules []Rule) ([]Warning, error) {
	return fsguard.Validate(rules)
}
