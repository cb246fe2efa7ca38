// SPDX-License-Identifier: MIT

package fsguard

// GuardOption is an option of NewGuard.
type GuardOption func(*guardOptions)

type guardOptions struct{ noHaltPolling bool }

// WithoutHaltPolling has the guard leave idle cores to themselves. By default, where
// files are opened for writing one after another, and that takes long because the kernel wakes
// threads on cores that were halted, as it does in many virtual machines, a
// process of the lowest class (SCHED_IDLE of sched(7)), the program itself executed again,
// keeps one busy for up to a quarter of the time, 1 to 4 ms at once: such opens are then
// about twice as fast. It is not done on a single core, nor where runtime.GOMAXPROCS is less than
// the cores there are. It is not for a program with a CPU quota.
func WithoutHaltPolling() GuardOption { return func(o *guardOptions) { o.noHaltPolling = true } }
