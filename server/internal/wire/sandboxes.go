// SPDX-License-Identifier: MIT

package wire

import (
	"errors"
	"unicode/utf8"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/runtime"
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
)

// SandboxTo describes a sandbox. The directory that it was made of is the server's
// own matter.
func SandboxTo(i *sandbox.Info) *sandboxv1.Sandbox {
	s := &sandboxv1.Sandbox{
		Id: i.ID, CodebaseId: i.CodebaseID, OwnerId: text(i.OwnerID), Permissions: RulesTo(i.Rules), Status: statuses.to(i.Status),
		Labels: labels(i.Labels), CreatedAt: timeTo(i.Created), StartedAt: timeTo(i.Started), StoppedAt: timeTo(i.Stopped), ExpiresAt: timeTo(i.Expires),
		Runtime: RuntimeTo(i.Runtime), RuntimeName: i.Runtime, RuntimeNote: redact(text(i.RuntimeNote), nil), Image: text(i.Image), Resources: LimitsTo(i.Resources),
		Reason: redact(text(i.Reason), nil), Network: text(string(i.Network)), Parked: i.Parked, ParentId: i.Parent, IdleTimeout: durationTo(i.IdleTimeout), Skipped: skippedTo(i.Skipped),
	}
	for _, e := range i.Enforced {
		s.Enforced = append(s.Enforced, &sandboxv1.Enforcement{Resource: string(e.Resource), By: e.By, Reason: redact(text(e.Reason), nil)})
	}
	return s
}

// SandboxFrom reads the description of a sandbox.
func SandboxFrom(s *sandboxv1.Sandbox) (*sandbox.Info, error) {
	rules, err := RulesFrom(s.GetPermissions())
	if err != nil {
		return nil, err
	}
	status, ok := statuses.from(s.GetStatus())
	if !ok {
		return nil, invalidf("a sandbox of status %d", s.GetStatus())
	}
	i := &sandbox.Info{
		ID: s.GetId(), CodebaseID: s.GetCodebaseId(), OwnerID: s.GetOwnerId(), Rules: rules, Status: status, Labels: s.GetLabels(),
		Created: timeFrom(s.GetCreatedAt()), Started: timeFrom(s.GetStartedAt()), Stopped: timeFrom(s.GetStoppedAt()), Expires: timeFrom(s.GetExpiresAt()),
		Runtime: s.GetRuntimeName(), RuntimeNote: s.GetRuntimeNote(), Image: s.GetImage(), Resources: LimitsFrom(s.GetResources()), Reason: s.GetReason(),
		Network: sandbox.Network(s.GetNetwork()), Parked: s.GetParked(), Parent: s.GetParentId(), IdleTimeout: s.GetIdleTimeout().AsDuration(), Skipped: skippedFrom(s.GetSkipped()),
	}
	for _, e := range s.GetEnforced() {
		i.Enforced = append(i.Enforced, sandbox.Enforcement{Resource: runtime.Resource(e.GetResource()), By: e.GetBy(), Reason: e.GetReason()})
	}
	return i, nil
}

// CreateTo turns a request into a message.
func CreateTo(r *sandbox.CreateSandboxRequest) *sandboxv1.CreateSandboxRequest {
	return &sandboxv1.CreateSandboxRequest{
		CodebaseId: r.CodebaseID, OwnerId: r.OwnerID, Permissions: RulesTo(r.Rules), ExpiresIn: durationTo(r.ExpiresIn), IdleTimeout: durationTo(r.IdleTimeout),
		Labels: r.Labels, Runtime: RuntimeTo(r.Runtime), RuntimeName: r.Runtime, Image: r.Image, Resources: LimitsTo(r.Resources), BestEffort: r.BestEffort,
		Network: string(r.Network), Start: r.Start, OutputLimit: r.OutputLimit,
	}
}

// CreateFrom reads a request.
func CreateFrom(r *sandboxv1.CreateSandboxRequest) (req sandbox.CreateSandboxRequest, err error) {
	req = sandbox.CreateSandboxRequest{
		CodebaseID: r.GetCodebaseId(), OwnerID: r.GetOwnerId(), Labels: r.GetLabels(), Image: r.GetImage(), Resources: LimitsFrom(r.GetResources()),
		BestEffort: r.GetBestEffort(), Network: sandbox.Network(r.GetNetwork()), Start: r.GetStart(), OutputLimit: r.GetOutputLimit(),
	}
	if req.Rules, err = RulesFrom(r.GetPermissions()); err != nil {
		return req, err
	}
	if r.GetPreset() != "" {
		rules, err := sandbox.GetPreset(r.GetPreset())
		if err != nil {
			return req, err
		}
		req.Rules = append(rules, req.Rules...)
	}
	if req.Runtime, err = RuntimeFrom(r.GetRuntime(), r.GetRuntimeName()); err != nil {
		return req, err
	}
	if req.ExpiresIn, err = DurationFrom(r.GetExpiresIn()); err != nil {
		return req, err
	}
	req.IdleTimeout, err = DurationFrom(r.GetIdleTimeout())
	return req, err
}

// ForkTo turns a request into a message.
func ForkTo(id string, r *sandbox.ForkRequest) *sandboxv1.ForkRequest {
	m := &sandboxv1.ForkRequest{
		SandboxId: id, BestEffort: r.BestEffort, ExpiresIn: durationTo(r.ExpiresIn), IdleTimeout: durationTo(r.IdleTimeout), Start: r.Start,
	}
	if r.Labels != nil {
		m.Labels = &sandboxv1.Labels{Labels: r.Labels}
	}
	if r.Resources != nil {
		m.Resources = LimitsTo(*r.Resources)
		if m.Resources == nil {
			m.Resources = &sandboxv1.ResourceLimits{}
		}
	}
	return m
}

// ForkFrom reads a request.
func ForkFrom(r *sandboxv1.ForkRequest) (req sandbox.ForkRequest, err error) {
	req = sandbox.ForkRequest{BestEffort: r.GetBestEffort(), Start: r.GetStart()}
	if r.Labels != nil {
		if req.Labels = r.GetLabels().GetLabels(); req.Labels == nil {
			req.Labels = map[string]string{}
		}
	}
	if r.Resources != nil {
		limits := LimitsFrom(r.GetResources())
		req.Resources = &limits
	}
	if req.ExpiresIn, err = DurationFrom(r.GetExpiresIn()); err != nil {
		return req, err
	}
	req.IdleTimeout, err = DurationFrom(r.GetIdleTimeout())
	return req, err
}

// LimitsTo turns limits into a message; nil for none.
func LimitsTo(l sandbox.ResourceLimits) *sandboxv1.ResourceLimits {
	if l == (sandbox.ResourceLimits{}) {
		return nil
	}
	return &sandboxv1.ResourceLimits{
		MemoryBytes: l.MemoryBytes, CpuQuota: l.CPUQuota, CpuShares: int64(l.CPUShares), PidsLimit: l.PidsLimit, DiskBytes: l.DiskBytes,
	}
}

// LimitsFrom reads limits. Negative shares become more than anybody may ask for.
func LimitsFrom(l *sandboxv1.ResourceLimits) sandbox.ResourceLimits {
	return sandbox.ResourceLimits{
		MemoryBytes: l.GetMemoryBytes(), CPUQuota: l.GetCpuQuota(), CPUShares: uint64(l.GetCpuShares()), PidsLimit: l.GetPidsLimit(), DiskBytes: l.GetDiskBytes(),
	}
}

// UsageTo turns what is used into a message.
func UsageTo(u *sandbox.Usage) *sandboxv1.Usage {
	return &sandboxv1.Usage{
		Counted: u.Counted, Cpu: durationTo(u.CPU), CpuUser: durationTo(u.CPUUser), CpuSystem: durationTo(u.CPUSystem), Throttled: durationTo(u.Throttled),
		ThrottledPeriods: u.ThrottledPeriods, MemoryBytes: u.Memory, MemoryPeakBytes: u.MemoryPeak, Pids: u.Pids, OomKills: u.OOMKills, PidsRefused: u.PidsRefused,
		DiskBytes: u.Disk, Files: u.Files,
	}
}

// UsageFrom reads what is used.
func UsageFrom(u *sandboxv1.Usage) *sandbox.Usage {
	return &sandbox.Usage{
		Counted: u.GetCounted(), CPU: u.GetCpu().AsDuration(), CPUUser: u.GetCpuUser().AsDuration(), CPUSystem: u.GetCpuSystem().AsDuration(),
		Throttled: u.GetThrottled().AsDuration(), ThrottledPeriods: u.GetThrottledPeriods(), Memory: u.GetMemoryBytes(), MemoryPeak: u.GetMemoryPeakBytes(),
		Pids: u.GetPids(), Events: runtime.Events{OOMKills: u.GetOomKills(), PidsRefused: u.GetPidsRefused()}, Disk: u.GetDiskBytes(), Files: u.GetFiles(),
	}
}

func skippedTo(list []sandbox.SkippedFile) (all []*sandboxv1.SkippedFile) {
	for _, s := range list {
		m := &sandboxv1.SkippedFile{Path: text(s.Path), PathBytes: odd(s.Path)}
		if s.Err != nil {
			m.Reason = redact(text(reasonOf(s.Err)), nil)
		}
		all = append(all, m)
	}
	return all
}

func skippedFrom(list []*sandboxv1.SkippedFile) (all []sandbox.SkippedFile) {
	for _, m := range list {
		s := sandbox.SkippedFile{Path: exact(m.GetPath(), m.GetPathBytes())}
		if m.GetReason() != "" {
			s.Err = errors.New(m.GetReason())
		}
		all = append(all, s)
	}
	return all
}

// odd is a string that the protocol cannot carry as one; nil if it can.
func odd(s string) []byte {
	if utf8.ValidString(s) {
		return nil
	}
	return []byte(s)
}

// exact is a string as it was: the text, or its bytes where those were given.
func exact(text string, bytes []byte) string {
	if len(bytes) > 0 {
		return string(bytes)
	}
	return text
}

func labels(m map[string]string) map[string]string {
	if m == nil {
		return nil
	}
	all := make(map[string]string, len(m))
	for k, v := range m {
		all[text(k)] = text(v)
	}
	return all
}
