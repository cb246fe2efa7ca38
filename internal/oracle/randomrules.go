// SPDX-License-Identifier: MIT

package oracle

import "github.com/sandbox-rls/sandbox/fsguard"

var levels = []fsguard.Permission{fsguard.None, fsguard.View, fsguard.Read, fsguard.Write, fsguard.Write}

// presets are rules of the kind that presets are made of.
var presets = [][]fsguard.Rule{
	{
		{Pattern: "**/*", Permission: fsguard.Read},
		{Pattern: "/a/**", Permission: fsguard.Write, Priority: 10},
		{Pattern: "/n/**", Permission: fsguard.Write, Priority: 10},
		{Pattern: "**/.env*", Permission: fsguard.None, Priority: 100},
		{Pattern: "**/*.key", Permission: fsguard.None, Priority: 100},
	},
	{
		{Pattern: "**/*", Permission: fsguard.Write},
		{Pattern: "**/.env*", Permission: fsguard.None, Priority: 100},
		{Pattern: "**/*.key", Permission: fsguard.View, Priority: 100},
		{Pattern: "**/b/**", Permission: fsguard.None, Priority: 100},
	},
	{{Pattern: "**/*", Permission: fsguard.Read}},
	{{Pattern: "/**", Permission: fsguard.Write}},
	{
		{Pattern: "**/*", Permission: fsguard.View},
		{Pattern: "**/*.txt", Permission: fsguard.Read, Priority: 1},
		{Pattern: "/d", Type: fsguard.Directory, Permission: fsguard.Write, Priority: 1},
	},
}

// rules draws a preset or a base, and rules over it.
func (d draw) rules(tree []Source) []fsguard.Rule {
	var rules []fsguard.Rule
	switch n := d.IntN(10); {
	case n < 3:
		rules = append(rules, one(d, presets)...)
	case n < 9:
		rules = append(rules, fsguard.Rule{Pattern: one(d, []string{"/**", "**/*"}), Permission: one(d, levels)})
	}
	for range d.IntN(6) {
		r := fsguard.Rule{Permission: one(d, levels), Priority: one(d, []int{0, 0, 0, 1, 10, 200})}
		path := "/" + one(d, names)
		if len(tree) > 0 && d.chance(75) {
			path = one(d, tree).Path
		}
		switch d.IntN(4) {
		case 0:
			r.Type, r.Pattern = fsguard.File, path
		case 1:
			r.Type, r.Pattern = fsguard.Directory, path
		default:
			r.Pattern = d.glob(path)
		}
		rules = append(rules, r)
	}
	return rules
}

func (d draw) glob(path string) string {
	dir, _ := split(path)
	name, other := one(d, names), one(d, names)
	switch d.IntN(14) {
	case 0, 1, 2:
		return path + "/**"
	case 3:
		return path + "/*"
	case 4:
		return dir + "/*"
	case 5:
		return "**/" + name
	case 6:
		return "**/" + name + "/**"
	case 7:
		return path + "/**/" + name
	case 8:
		return "**/*.key"
	case 9:
		return dir + "/{" + name + "," + other + "}"
	case 10:
		return "/{" + name + "," + other + "}/**"
	case 11:
		return dir + "/[a-c]"
	case 12:
		return dir + "/?"
	}
	return dir + "/a*"
}
