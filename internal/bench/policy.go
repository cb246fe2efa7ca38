// SPDX-License-Identifier: MIT

package main

import (
	"fmt"

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
// the tree has. Their levels are those that level gives.
func manyRules(n int, level func(i int) fsguard.Permission) []fsguard.Rule {
	rules := usualRules()
	for i := len(rules); i < n; i++ {
		dir := fmt.Sprintf("/src/m%03d/p%02d", i/filesPerDir%250, i%filesPerDir)
		r := fsguard.Rule{Permission: level(i)}
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
	few := usualRules()
	all := manyRules(10_000, func(i int) fsguard.Permission { return fsguard.Permission(i % 4) })
	readable := manyRules(10_000, func(int) fsguard.Permission { return fsguard.Read })
	for _, c := range []struct {
		name string
		many []fsguard.Rule
		do   func(rules []fsguard.Rule) (func() error, error)
		most float64
	}{
		{"`Compile`", all, func(rules []fsguard.Rule) (func() error, error) {
			return func() error { _, err := fsguard.Compile(rules); return err }, nil
		}, 0},
		{"plan; the rules give all levels", all, planner(t), 2},
		{"plan; the added rules give what is given anyway", readable, planner(t), 2},
	} {
		row, err := l.compareRules(c.name, few, c.many, c.do, c.most)
		if err != nil {
			return s, err
		}
		s.Rows = append(s.Rows, row)
	}
	return s, nil
}

// planner prepares making the plan of a tree.
func planner(t *tree.Tree) func([]fsguard.Rule) (func() error, error) {
	return func(rules []fsguard.Rule) (func() error, error) {
		p, err := fsguard.Compile(rules)
		return func() error { fsguard.NewPlan(t, p); return nil }, err
	}
}

// compareRules measures what do prepares for a few and for many rules.
func (l *lab) compareRules(name string, few, many []fsguard.Rule, do func([]fsguard.Rule) (func() error, error), most float64) (Row, error) {
	withFew, err := do(few)
	if err != nil {
		return Row{}, err
	}
	withMany, err := do(many)
	if err != nil {
		return Row{}, err
	}
	taken, err := l.turns(l.sizes.samples, side{"few", timed(withFew)}, side{"many", timed(withMany)})
	if err != nil {
		return Row{}, err
	}
	return rulesRow(name, taken, most), nil
}

func rulesRow(name string, taken []samples, most float64) Row {
	r := ratio(taken[1], taken[0])
	return Row{
		Name:  name,
		Cells: []string{fmt.Sprint(len(taken[0])), show(taken[0].median()), show(taken[1].median()), times(r)},
		Goal:  atMost(r, most, "×"),
	}
}
