// SPDX-License-Identifier: MIT

package fsguard

// GuardOption is an option of NewGuard.
type GuardOption func(*guardOptions)

type guardOptions struct{ noHaltPolling bool }

// WithoutHaltPolling has the guard leave idle cores to themselves. By default, where
// files are opened for writing one after another, and that takes long because the kernel wakes
// threads on cores that were halted, as it does in many virtual machines, a
// process of the lowest class (SCHED_IDLE of sched(7)) keeps one busy for a part of the time,
// 1 to 4 ms at once: such opens are then two to three times faster. It is not done where the
// process may not use all cores of the machine: see runtime.GOMAXPROCS.
func WithoutHaltPolling() GuardOption { return func(o *guardOptions) { o.noHaltPolling = true } }
