// SPDX-License-Identifier: MIT

package oracle

import "github.com/sandbox-rls/sandbox/fsguard"

// Regressions are the small cases in which a sandbox, or the model, was found
// to be wrong.
var Regressions = []Case{
	// A directory may be at an offset at which the kernel reads nothing of anything.
	{
		Tree: []Source{
			{Path: "/a", Kind: Dir, Mode: 0o755},
		},
		Rules: []fsguard.Rule{
			{Pattern: "/**", Permission: fsguard.Write},
		},
		Ops: []Op{
			{Call: "open", Path: "@/a", As: "q", Mode: 0o777},
			{Call: "lseek", FD: "q", Mode: 2, Size: -2},
			{Call: "readn", FD: "q", Size: 11},
		},
	},
	// Kernels look at the permissions or at the read-only mount first.
	{
		Tree: []Source{
			{Path: "/x.key", Kind: File, Mode: 0o644, Data: "content of /x.key"},
		},
		Rules: []fsguard.Rule{
			{Pattern: "**/*", Permission: fsguard.View},
			{Pattern: "/a.d/c/x.key", Permission: fsguard.Write, Type: fsguard.Directory},
		},
		Ops: []Op{
			{Call: "truncate", Path: "@/x.key", Size: 8},
		},
	},
	// From a directory that was removed, ".." leads to no change.
	{
		Rules: []fsguard.Rule{
			{Pattern: "**/*", Permission: fsguard.Write},
		},
		Ops: []Op{
			{Call: "mkdir", Path: "@/a.d", Mode: 0o755},
			{Call: "chdir", Path: "@/a.d"},
			{Call: "rmdir", Path: "@/a.d"},
			{Call: "mkdir", Path: "../c", Mode: 0o755},
			{Call: "stat", Path: "../.env"},
		},
	},
	// Where nothing may be written, that is found before anything else.
	{
		Tree: []Source{
			{Path: "/d", Kind: File, Mode: 0o644, Data: "content of /d"},
		},
		Rules: []fsguard.Rule{
			{Pattern: "/**", Permission: fsguard.View},
		},
		Ops: []Op{
			{Call: "open", Path: "@/./d", Flag: WrOnly | Append, Mode: 0o400},
		},
	},
	// readlinkat(2) takes an empty path.
	{
		Ops: []Op{
			{Call: "readlink", Dir: "p"},
		},
	},
	// A rename to where nothing may be searched is not one that only cannot be done.
	{
		Tree: []Source{
			{Path: "/e", Kind: Dir, Mode: 0o755},
			{Path: "/e/b", Kind: Dir, Mode: 0o755},
		},
		Rules: []fsguard.Rule{
			{Pattern: "/**", Permission: fsguard.Write},
			{Pattern: "/e/a", Permission: fsguard.None, Type: fsguard.File},
		},
		Ops: []Op{
			{Call: "chmod", Path: "@/e", Mode: 0o600},
			{Call: "rename", Path: "@/e", To: "@/e/g"},
		},
	},
}
