// SPDX-License-Identifier: MIT

package runtime

import (
	"fmt"

	"github.com/sandbox-rls/sandbox/internal/probe"
)

// The features that a Report tells of, by name.
const (
	FeatureLinux            = "linux"
	FeatureUserNamespaces   = "user-namespaces"
	FeatureNamespaces       = "namespaces"
	FeatureMounts           = "mounts"
	FeatureProc             = "proc"
	FeatureStateDirectory   = "state-directory"
	FeatureOverlay          = "overlay"
	FeatureSeccomp          = "seccomp-filter"
	FeatureNotify           = "seccomp-notify"
	FeatureWaitKillable     = "wait-killable"
	FeatureMemory           = "process-memory"
	FeatureSystemCalls      = "system-calls"
	FeatureLandlock         = "landlock"
	FeatureTerminals        = "terminals"
	FeatureIDMappedMounts   = "id-mapped-mounts"
	FeatureCgroups          = "cgroups"
	FeatureDiskLimits       = "disk-limits"
	FeatureSynchronousWakes = "synchronous-wake-up"
	FeatureReflink          = "reflink"
	FeatureBubblewrap       = "bubblewrap"
	FeatureDocker           = "docker"
)

// Report says what a machine offers to sandboxes and what it lacks.
type Report struct {
	Machine    Machine     `json:"machine"`
	Features   []Feature   `json:"features"`
	Guarantees []Guarantee `json:"guarantees"`
}

// Machine is where the process runs.
type Machine struct {
	OS     string `json:"os"`
	Arch   string `json:"arch"`
	Kernel string `json:"kernel,omitempty"` // release, "6.1.0-13-amd64"
	UID    int    `json:"uid"`
	// Container is the kind of container that the process is in: "docker",
	// "podman", "kubernetes", "lxc", …; "" is none.
	Container string `json:"container,omitempty"`
	// Label is the process's AppArmor profile or SELinux context.
	Label string `json:"label,omitempty"`
	// Cgroups is how control groups are mounted: "unified" is version 2,
	// "legacy" version 1, "hybrid" both; "" is not at all.
	Cgroups string `json:"cgroups,omitempty"`
	// StateDir is the directory in which temporary state directories are made,
	// and StateFS its file system.
	StateDir string `json:"state_dir,omitempty"`
	StateFS  string `json:"state_fs,omitempty"`
	// Settings are the sysctls that bear on sandboxes, by name.
	Settings map[string]string `json:"settings,omitempty"`
}

// Feature is something that sandboxes use.
type Feature struct {
	Name      string `json:"name"`
	Available bool   `json:"available"`
	// Required says that the native runtime cannot do without it.
	Required bool `json:"required"`
	// Purpose is what it is for.
	Purpose string `json:"purpose"`
	// Detail is what was found: a version, a path.
	Detail string `json:"detail,omitempty"`
	// Missing is why it is not available, and Remedy what to do about that.
	Missing string `json:"missing,omitempty"`
	Remedy  string `json:"remedy,omitempty"`
}

// Guarantee is something that a sandbox of the native runtime promises.
type Guarantee struct {
	What string `json:"what"`
	// By are the names of the features that enforce it.
	By []string `json:"by"`
	// Holds says that all of them are available. A sandbox for which one of
	// them is missing is not started: nothing is promised that does not hold.
	Holds bool `json:"holds"`
	// Missing are those of By that are not available.
	Missing []string `json:"missing,omitempty"`
}

// Probe finds out what this machine lets this process do, by doing it, in a
// throw-away child where it would leave traces. It takes some milliseconds and
// changes nothing. What it says holds for this process, its user and the
// directory for temporary files: another program, or another user, may be
// treated otherwise.
func Probe() *Report { return diagnose(probe.Gather()) }

// Feature returns a feature by its name.
func (r *Report) Feature(name string) (Feature, bool) {
	for _, f := range r.Features {
		if f.Name == name {
			return f, true
		}
	}
	return Feature{}, false
}

// Err is nil when the native runtime can run sandboxes here. Else it is
// ErrUnsupported, with the first feature that is missing, why, and the remedy.
func (r *Report) Err() error {
	for _, f := range r.Features {
		if f.Required && !f.Available {
			return fmt.Errorf("%w: %s: %s; %s", ErrUnsupported, f.Name, f.Missing, f.Remedy)
		}
	}
	return nil
}
