// SPDX-License-Identifier: MIT

package sandbox

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
)

// DefaultPreset is the preset of a sandbox for which neither a preset nor
// rules were given.
const DefaultPreset = "agent-safe"

// Errors of the presets.
var (
	// ErrPresetNotFound says that no preset has that name. The error that
	// wraps it lists the names there are.
	ErrPresetNotFound error = &kindError{"preset not found", ErrInvalid}
	// ErrPresetExists says that a name is taken, by a built-in preset or by
	// one registered before.
	ErrPresetExists = errors.New("preset already exists")
)

// Priorities within the built-in presets. They leave room between and above
// for rules that are added.
const (
	presetGrant  = 10  // what a preset opens beyond its ground rule
	presetSecret = 100 // what it keeps hidden wherever it is
)

// secretPatterns are names under which secrets are commonly kept.
var secretPatterns = []string{
	"**/.env*",
	"**/*.key",
	"**/*.pem",
	"**/*.p12",
	"**/*.pfx",
	"**/credentials*",
	"**/secrets/**",
	"**/id_rsa*",
	"**/id_ed25519*",
	"**/.netrc",
	"**/.npmrc",
	"**/.pypirc",
	"**/.aws/**",
	"**/.ssh/**",
	"**/.kube/**",
	"**/.docker/config.json",
}

// builtinPreset returns the rules of a built-in preset, made anew.
func builtinPreset(name string) ([]Rule, bool) {
	all := func(p Permission) []Rule { return []Rule{{Pattern: "/**", Permission: p}} }
	switch name {
	case "agent-safe":
		return append(append(all(Read),
			Rule{Pattern: "/output/**", Permission: Write, Priority: presetGrant},
			Rule{Pattern: "/tmp/**", Permission: Write, Priority: presetGrant},
			Rule{Pattern: "**/.git/**", Permission: None, Priority: presetSecret}),
			hidden(secretPatterns)...), true
	case "read-only":
		return all(Read), true
	case "full-access":
		return all(Write), true
	case "development":
		return append(all(Write), hidden(secretPatterns)...), true
	case "view-only":
		return all(View), true
	}
	return nil, false
}

var builtinNames = []string{"agent-safe", "development", "full-access", "read-only", "view-only"}

func hidden(patterns []string) []Rule {
	rules := make([]Rule, len(patterns))
	for i, p := range patterns {
		rules[i] = Rule{Pattern: p, Permission: None, Priority: presetSecret}
	}
	return rules
}

// registered holds the presets of RegisterPreset, for the whole process.
var registered struct {
	sync.RWMutex
	rules map[string][]Rule
}

// GetPreset returns the rules of a preset, as a copy that may be changed. An
// unknown name is an error that wraps ErrPresetNotFound. Built in are:
//
//   - agent-safe: everything can be read, /output and /tmp written; secrets
//     (.env*, *.key, *.pem, credentials*, secrets/ and the like) and .git are
//     hidden, in /output and /tmp too
//   - read-only: everything can be read, nothing written
//   - full-access: everything can be read and written
//   - development: everything but secrets can be read and written; .git is
//     usable
//   - view-only: names, sizes and times can be seen, no content read
//
// A .git hidden by agent-safe means that git does not see a repository. It is
// safe for concurrent use, as are the other functions on presets.
func GetPreset(name string) ([]Rule, error) {
	if rules, ok := builtinPreset(name); ok {
		return rules, nil
	}
	registered.RLock()
	rules, ok := registered.rules[name]
	registered.RUnlock()
	if !ok {
		return nil, fmt.Errorf("%w: %q is none of %s", ErrPresetNotFound, name, strings.Join(ListPresets(), ", "))
	}
	return slices.Clone(rules), nil
}

// ListPresets returns the names of all presets, built-in and registered,
// sorted.
func ListPresets() []string {
	registered.RLock()
	names := slices.AppendSeq(slices.Clone(builtinNames), maps.Keys(registered.rules))
	registered.RUnlock()
	slices.Sort(names)
	return names
}

// ExtendPreset returns the rules of a preset followed by additions and then
// overrides. Additions keep the priorities they have, so that in agent-safe an
// addition of priority 0 opens a directory and still leaves secrets in it
// hidden. Overrides are raised above every rule of the preset and every
// addition; among themselves they keep their order of priority.
func ExtendPreset(base string, additions, overrides []Rule) ([]Rule, error) {
	rules, err := GetPreset(base)
	if err != nil {
		return nil, err
	}
	rules = append(rules, additions...)
	raised, err := raise(overrides, rules)
	if err != nil {
		return nil, fmt.Errorf("extending preset %q: %w", base, err)
	}
	rules = append(rules, raised...)
	if _, err := ValidateRules(rules); err != nil {
		return nil, fmt.Errorf("extending preset %q: %w", base, err)
	}
	return rules, nil
}

// raise returns copies of rules with priorities that are all above those of
// others and differ from each other as they did.
func raise(rules, others []Rule) ([]Rule, error) {
	rules = slices.Clone(rules)
	if len(rules) == 0 || len(others) == 0 {
		return rules, nil
	}
	byPriority := func(a, b Rule) int {
		switch {
		case a.Priority < b.Priority:
			return -1
		case a.Priority > b.Priority:
			return 1
		}
		return 0
	}
	top := slices.MaxFunc(others, byPriority).Priority
	low := slices.MinFunc(rules, byPriority).Priority
	high := slices.MaxFunc(rules, byPriority).Priority
	if low > top {
		return rules, nil
	}
	// Both differences are not negative, if they can be represented at all.
	spread, room := uint64(high)-uint64(low), uint64(math.MaxInt)-uint64(top)
	if spread >= room {
		return nil, errors.New("no priority is left above the highest one for overrides")
	}
	for i := range rules {
		rules[i].Priority = top + 1 + int(uint64(rules[i].Priority)-uint64(low))
	}
	return rules, nil
}

// RegisterPreset makes rules, which are copied, known under a name to the
// whole process. A name can be registered once: a second time, and the name of
// a built-in preset, is an error that wraps ErrPresetExists. Rules that do not
// compile are refused.
func RegisterPreset(name string, rules []Rule) error {
	if name == "" {
		return errors.New("registering preset: its name is empty")
	}
	if _, err := ValidateRules(rules); err != nil {
		return fmt.Errorf("registering preset %q: %w", name, err)
	}
	if slices.Contains(builtinNames, name) {
		return fmt.Errorf("%w: %q is built in", ErrPresetExists, name)
	}
	registered.Lock()
	defer registered.Unlock()
	if _, ok := registered.rules[name]; ok {
		return fmt.Errorf("%w: %q", ErrPresetExists, name)
	}
	if registered.rules == nil {
		registered.rules = make(map[string][]Rule)
	}
	registered.rules[name] = slices.Clone(rules)
	return nil
}
