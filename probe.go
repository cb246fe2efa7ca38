// SPDX-License-Identifier: MIT

package sandbox

import "github.com/sandbox-rls/sandbox/runtime"

// ProbeReport says what a machine offers to sandboxes and what it lacks.
type ProbeReport = runtime.Report

// Probe finds out what this machine lets this process do: each feature that
// sandboxes use, what is missing and the remedy, and which guarantees hold. Its
// Err is nil when sandboxes of the native runtime can run here, else it is
// ErrUnsupported with the first blocker. It takes some milliseconds, tries what
// would leave traces in a throw-away child, and changes nothing.
func Probe() *ProbeReport { return runtime.Probe() }
