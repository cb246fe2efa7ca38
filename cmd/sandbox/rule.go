// SPDX-License-Identifier: MIT

package main

import (
	"strconv"
	"strings"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/fsguard"
)

// parseRule reads a rule of the form LEVEL[@PRIORITY]:PATTERN.
func parseRule(text string) (sandbox.Rule, error) {
	const form = "write LEVEL:PATTERN or LEVEL@PRIORITY:PATTERN, such as read:/src/** or none@20:/output/private"
	var rule sandbox.Rule
	head, pattern, ok := strings.Cut(text, ":")
	if !ok {
		return rule, usagef("rule %q: there is no colon in it: %s", text, form)
	}
	level, priority, given := strings.Cut(head, "@")
	permission, err := fsguard.ParsePermission(level)
	if err != nil {
		return rule, usagef("rule %q: %w: %s", text, err, form)
	}
	rule = sandbox.Rule{Pattern: pattern, Permission: permission}
	if given {
		if rule.Priority, err = strconv.Atoi(priority); err != nil {
			return rule, usagef("rule %q: the priority %q is not a number: %s", text, priority, form)
		}
	}
	if err := rule.Validate(); err != nil {
		return rule, usagef("rule %q: %w", text, err)
	}
	return rule, nil
}
