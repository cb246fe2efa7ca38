// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"time"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// usualRules are ten, as a project has them.
func usualRules() []fsguard.Rule {
	rules := []fsguard.Rule{
		{Pattern: "/**", Permission: fsguard.Read},
		{Pattern: "/output/**", Permission: fsguard.Write, Priority: 10},
		{Pattern: "/tmp/**", Permission: fsguard.Write, Priority: 10},
	}
	for _, p := range []string{"**/.env*", "**/*.key", "**/*.pem", "**/credentials*", "**/secrets/**", "**/.git/**", "**/.ssh/**"} {
		rules = append(rules, fsguard.Rule{Pattern: p, Permission: fsguard.None, Priority: 100})
	}
	return rules
}

// manyRules adds rules of the usual shapes, half of which speak of files that
// the tree has.
func manyRules(n int) []fsguard.Rule {
	rules := usualRules()
	for i := len(rules); i < n; i++ {
		dir := fmt.Sprintf("/src/m%03d/p%02d", i/filesPerDir%250, i%filesPerDir)
		r := fsguard.Rule{Permission: fsguard.Permission(i % 4)}
		switch i % 6 {
		case 0:
			r.Pattern, r.Type = fmt.Sprintf("%s/file%d.go", dir, i), fsguard.File
		case 1:
			r.Pattern, r.Type = dir, fsguard.Directory
		case 2:
			r.Pattern = fmt.Sprintf("%s/*%d.go", dir, i)
		case 3:
			r.Pattern = fmt.Sprintf("**/*.ext%d", i)
		case 4:
			r.Pattern = fmt.Sprintf("**/name%d*", i)
		case 5:
			r.Pattern = fmt.Sprintf("**/dir%d/**", i)
		}
		rules = append(rules, r)
	}
	return rules
}

func measurePolicy(l *lab) (Section, error) {
	s := Section{
		Title:   "Rules",
		About:   fmt.Sprintf("`Compile` of a list of rules, and the plan for a listing of %d files under it.", l.sizes.listing),
		Columns: []string{"samples", "10 rules", "10,000 rules", "10,000/10"},
	}
	dir, err := l.tree(l.sizes.listing)
	if err != nil {
		return s, err
	}
	t, err := tree.List(l.ctx, dir)
	if err != nil {
		return s, err
	}
	few, many := usualRules(), manyRules(10_000)
	compile := func(rules []fsguard.Rule) func() (time.Duration, error) {
		return timed(func() error { _, err := fsguard.Compile(rules); return err })
	}
	compiled, err := l.turns(l.sizes.samples, side{"few", compile(few)}, side{"many", compile(many)})
	if err != nil {
		return s, err
	}
	fewPolicy, err := fsguard.Compile(few)
	if err != nil {
		return s, err
	}
	manyPolicy, err := fsguard.Compile(many)
	if err != nil {
		return s, err
	}
	plan := func(p *fsguard.Policy) func() (time.Duration, error) {
		return timed(func() error { fsguard.NewPlan(t, p); return nil })
	}
	planned, err := l.turns(l.sizes.samples, side{"few", plan(fewPolicy)}, side{"many", plan(manyPolicy)})
	if err != nil {
		return s, err
	}
	s.Rows = []Row{rulesRow("`Compile`", compiled, 0), rulesRow("plan", planned, 2)}
	return s, nil
}

func rulesRow(name string, taken []samples, most float64) Row {
	r := ratio(taken[1], taken[0])
	return Row{
		Name:  name,
		Cells: []string{fmt.Sprint(len(taken[0])), show(taken[0].median()), show(taken[1].median()), times(r)},
		Goal:  atMost(r, most, "×"),
	}
}
