// SPDX-License-Identifier: MIT

package wire

import (
	"fmt"
	"math"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
)

// pairs is a table of values and what the protocol has for them.
type pairs[A, B comparable] []struct {
	a A
	b B
}

func (p pairs[A, B]) to(a A) (b B) {
	for _, x := range p {
		if x.a == a {
			return x.b
		}
	}
	return b
}

func (p pairs[A, B]) from(b B) (a A, ok bool) {
	for _, x := range p {
		if x.b == b {
			return x.a, true
		}
	}
	return a, false
}

var (
	permissions = pairs[sandbox.Permission, sandboxv1.Permission]{
		{sandbox.None, sandboxv1.Permission_PERMISSION_NONE},
		{sandbox.View, sandboxv1.Permission_PERMISSION_VIEW},
		{sandbox.Read, sandboxv1.Permission_PERMISSION_READ},
		{sandbox.Write, sandboxv1.Permission_PERMISSION_WRITE},
	}
	patternTypes = pairs[sandbox.PatternType, sandboxv1.PatternType]{
		{sandbox.Glob, sandboxv1.PatternType_PATTERN_TYPE_GLOB},
		{sandbox.Glob, sandboxv1.PatternType_PATTERN_TYPE_UNSPECIFIED},
		{sandbox.Directory, sandboxv1.PatternType_PATTERN_TYPE_DIRECTORY},
		{sandbox.File, sandboxv1.PatternType_PATTERN_TYPE_FILE},
	}
	statuses = pairs[sandbox.Status, sandboxv1.SandboxStatus]{
		{sandbox.StatusPending, sandboxv1.SandboxStatus_SANDBOX_STATUS_PENDING},
		{sandbox.StatusRunning, sandboxv1.SandboxStatus_SANDBOX_STATUS_RUNNING},
		{sandbox.StatusStopped, sandboxv1.SandboxStatus_SANDBOX_STATUS_STOPPED},
		{sandbox.StatusError, sandboxv1.SandboxStatus_SANDBOX_STATUS_ERROR},
	}
	sessionStatuses = pairs[sandbox.SessionStatus, sandboxv1.SessionStatus]{
		{sandbox.SessionActive, sandboxv1.SessionStatus_SESSION_STATUS_ACTIVE},
		{sandbox.SessionClosed, sandboxv1.SessionStatus_SESSION_STATUS_CLOSED},
	}
	runtimes = pairs[string, sandboxv1.RuntimeType]{
		{"", sandboxv1.RuntimeType_RUNTIME_TYPE_UNSPECIFIED},
		{"bwrap", sandboxv1.RuntimeType_RUNTIME_TYPE_BWRAP},
		{"docker", sandboxv1.RuntimeType_RUNTIME_TYPE_DOCKER},
		{"native", sandboxv1.RuntimeType_RUNTIME_TYPE_NATIVE},
	}
	kinds = pairs[sandbox.ChangeKind, sandboxv1.ChangeKind]{
		{sandbox.Added, sandboxv1.ChangeKind_CHANGE_KIND_ADDED},
		{sandbox.Modified, sandboxv1.ChangeKind_CHANGE_KIND_MODIFIED},
		{sandbox.Deleted, sandboxv1.ChangeKind_CHANGE_KIND_DELETED},
	}
	streams = pairs[sandbox.Stream, sandboxv1.ExecOutput_OutputType]{
		{sandbox.Stdout, sandboxv1.ExecOutput_OUTPUT_TYPE_STDOUT},
		{sandbox.Stderr, sandboxv1.ExecOutput_OUTPUT_TYPE_STDERR},
	}
)

func invalidf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", sandbox.ErrInvalid, fmt.Sprintf(format, args...))
}

// RulesTo turns rules into messages.
func RulesTo(rules []sandbox.Rule) []*sandboxv1.PermissionRule {
	var list []*sandboxv1.PermissionRule
	for _, r := range rules {
		list = append(list, ruleTo(r))
	}
	return list
}

func ruleTo(r sandbox.Rule) *sandboxv1.PermissionRule {
	return &sandboxv1.PermissionRule{
		Pattern: text(r.Pattern), Type: patternTypes.to(r.Type), Permission: permissions.to(r.Permission),
		Priority: int32(max(math.MinInt32, min(math.MaxInt32, r.Priority))),
	}
}

// RulesFrom reads the rules of a request. What is not known is ErrInvalid: a rule
// that says nothing must not be taken for one that does.
func RulesFrom(list []*sandboxv1.PermissionRule) ([]sandbox.Rule, error) {
	var rules []sandbox.Rule
	for i, r := range list {
		p, ok := permissions.from(r.GetPermission())
		if !ok {
			return nil, invalidf("rule %d (%q): permission %d is not one of none, view, read and write", i+1, r.GetPattern(), r.GetPermission())
		}
		t, ok := patternTypes.from(r.GetType())
		if !ok {
			return nil, invalidf("rule %d (%q): pattern type %d is not one of glob, directory and file", i+1, r.GetPattern(), r.GetType())
		}
		rules = append(rules, sandbox.Rule{Pattern: r.GetPattern(), Type: t, Permission: p, Priority: int(r.GetPriority())})
	}
	return rules, nil
}

// RuntimeFrom is the name of the runtime that a request asks for.
func RuntimeFrom(t sandboxv1.RuntimeType, name string) (string, error) {
	known, ok := runtimes.from(t)
	switch {
	case !ok:
		return "", invalidf("runtime %d is not one of bwrap, docker and native", t)
	case name != "" && known != "" && name != known:
		return "", invalidf("both the runtime %s and the runtime %s", known, name)
	case name != "":
		return name, nil
	}
	return known, nil
}

// RuntimeTo is the type of a runtime; unspecified for one that has none.
func RuntimeTo(name string) sandboxv1.RuntimeType { return runtimes.to(name) }

// StreamTo says where something was printed.
func StreamTo(s sandbox.Stream) sandboxv1.ExecOutput_OutputType { return streams.to(s) }

// StreamFrom says where something was printed.
func StreamFrom(t sandboxv1.ExecOutput_OutputType) sandbox.Stream {
	s, _ := streams.from(t)
	return s
}
