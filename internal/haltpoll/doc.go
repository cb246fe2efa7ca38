// SPDX-License-Identifier: MIT

// Package haltpoll keeps an idle core from being halted for a while.
//
// A virtual machine gives a core that has nothing to do back to its host. To have it
// back, for a thread that is woken there, takes tens of microseconds, and it is such a core
// that the kernel prefers for whoever is woken: two threads that hand each other
// something small wait for the host most of the time. The kernel's own remedy is to poll
// for some microseconds before a core is halted (guest halt polling,
// Documentation/virt/guest-halt-polling.rst); it is the machine's setting, and often off.
//
// Here it is done by a process of the lowest class (SCHED_IDLE of sched(7)), which
// computes nothing for as long as it is told. Among the processes of its cgroup it gets what nobody
// else can use, and makes way at once; the scheduler weighs cgroups against each other whatever is in
// them, and so it stops by itself, for some time, when it finds that somebody else had the core. It
// is the program, executed again as it is for the inits: importing the package is enough. A
// thread of the program would not do: where others need all cores it does not run, and Go's
// collector waits for every goroutine that computes.
//
// The process is a child of the program. It has none of its files, nor its environment
// or terminal, and ends with it, or after ten seconds without work.
package haltpoll
