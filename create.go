// SPDX-License-Identifier: MIT

package sandbox

import (
	"log/slog"
	"strings"
	"time"

	"github.com/sandbox-rls/sandbox/internal/engine"
	"github.com/sandbox-rls/sandbox/runtime"
)

// CreateSandboxRequest says what a sandbox is to be like.
type CreateSandboxRequest struct {
	// CodebaseID is the codebase that it is made of.
	CodebaseID string `json:"codebase_id,omitempty"`
	// Rules are all of its rules. None: everything is hidden.
	Rules []Rule `json:"rules,omitempty"`
	// Live puts it on a directory itself instead of a snapshot; see WithLive.
	Live bool `json:"live,omitempty"`
	// ExpiresIn is how long it exists: it is destroyed then, whatever it does.
	// 0: until it is destroyed.
	ExpiresIn time.Duration `json:"expires_in,omitempty"`
	// IdleTimeout destroys it when it has done nothing for so long: no command, no
	// background work in a session, no call for its files. 0: never.
	IdleTimeout time.Duration `json:"idle_timeout,omitempty"`
	// OwnerID is whatever the caller wants to find it by again; see ForOwner.
	OwnerID string `json:"owner_id,omitempty"`
	// Labels are given back by Info, and found by ListSandboxes.
	Labels map[string]string `json:"labels,omitempty"`
	// Runtime is the name of the runtime. Default: the service's.
	Runtime string `json:"runtime,omitempty"`
	// Image is what a runtime that has images takes the root from. Default: that of
	// the runtime.
	Image     string         `json:"image,omitempty"`
	Resources ResourceLimits `json:"resources,omitzero"`
	// BestEffort lets it be made although not all limits can be enforced.
	BestEffort bool    `json:"best_effort,omitempty"`
	Network    Network `json:"network,omitempty"` // default NetworkNone; others as the runtime has them
	// Start starts it at once.
	Start bool `json:"start,omitempty"`
	// OutputLimit is how many bytes of stdout, and of stderr, a result keeps.
	// Default DefaultOutputLimit; negative: all.
	OutputLimit int64 `json:"output_limit,omitempty"`

	runtime runtime.Runtime // by WithRuntime
	logger  *slog.Logger
}

// Validate reports what makes no sense in a request, as ErrInvalid.
func (r *CreateSandboxRequest) Validate() error {
	if r.ExpiresIn < 0 || r.IdleTimeout < 0 {
		return invalidf("a negative time to live")
	}
	if err := r.Resources.Validate(); err != nil {
		return because(ErrInvalid, err)
	}
	if len(r.Image) > maxName || len(r.OwnerID) > maxName {
		return invalidf("the name of an image or an owner has more than %d bytes", maxName)
	}
	size := 0
	for _, rule := range r.Rules {
		size += len(rule.Pattern)
	}
	if size > maxRules {
		return invalidf("the patterns of the rules have %d bytes together, and %d are allowed", size, maxRules)
	}
	return checkLabels(r.Labels)
}

// What is kept of a sandbox is listed with many others, and has to be of a size.
const (
	maxName   = 1 << 10
	maxLabels = 64 << 10
	maxRules  = 1 << 20
)

// checkLabels reports labels that nobody may give. Those whose names begin with a
// NUL byte are the manager's own.
func checkLabels(labels map[string]string) error {
	size := 0
	for k, v := range labels {
		if strings.HasPrefix(k, "\x00") {
			return invalidf("the name of a label begins with a NUL byte")
		}
		size += len(k) + len(v)
	}
	if size > maxLabels {
		return invalidf("the labels have %d bytes together, and %d are allowed", size, maxLabels)
	}
	return nil
}

func (r *CreateSandboxRequest) disk() engine.DiskLimit {
	return engine.DiskLimit{Bytes: r.Resources.DiskBytes, BestEffort: r.BestEffort}
}
