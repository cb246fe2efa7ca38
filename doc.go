// SPDX-License-Identifier: MIT

// Package sandbox runs an AI agent's commands against a real code tree while
// every path of that tree has one of four levels:
//
//	none   it does not exist
//	view   it is listed, with its size and time, and cannot be read
//	read   it can be read and executed
//	write  it can be changed
//
// The kernel enforces the first three by what it is given to see, at the speed
// of any other file system, and the fourth through one door that a guard
// decides at. Nothing that runs in a sandbox changes the tree itself: what it
// writes is kept beside it, listed by Changes, and carried over by Commit.
//
//	sb, err := sandbox.FromLocal(ctx, "./my-project")
//	if err != nil {
//		return err
//	}
//	defer sb.Close()
//	result, err := sb.Run(ctx, "python main.py > output/log.txt")
//	if err != nil {
//		return err
//	}
//	fmt.Print(result.Stdout)
//
// # Rules
//
// A Rule gives the paths that its pattern matches a level. The rule with the
// higher Priority decides; then a file rule before a directory rule before a
// glob; then the more specific pattern; then the later rule. What no rule
// matches has the level none. Explain says which rule decided. Presets are
// ready-made lists of rules; see GetPreset.
//
// # Commands
//
// Run and Exec wait for a command and return what it printed; ExecStream yields
// it as it comes; StartCommand gives the command itself, and a terminal if
// asked. A Session is a shell that goes on from one command to the next.
//
// # What was changed
//
// Changes lists what commands changed, and Diff writes it as a patch. Commit
// carries it over to the directory, all of it or some, unless somebody else has
// changed that meanwhile; Discard drops what was not committed. Fork makes
// another sandbox from the state of one; Checkpoint and Restore go back to one.
// See docs/delta.md.
//
// # Services and state
//
// Sandboxes belong to a Service, which does everything by their ids. A Manager
// is one, on this machine. The functions of this package use the one of the
// process, which keeps what it has in a temporary directory. With
// Config.StateDir a Manager has a directory of its own, whose sandboxes and
// codebases outlive the process, however that ends; see docs/state.md. WithExpiry
// and WithIdleTimeout bound how long a sandbox is there. One with nothing to do
// has no process; see Config.ParkAfter.
//
// A Codebase is a set of files of which sandboxes are made. UploadFile and
// DownloadFile reach it while they run: what is uploaded appears in them, at the
// level that it has there, and what they write can be downloaded at once. What a
// sandbox has changed goes into its codebase at its end; see docs/codebases.md.
//
// # Limits
//
// WithResources bounds memory, CPU time, processes and disk. Limits need root,
// or, for all but the disk, a cgroup that was delegated to the user; one that
// cannot be enforced is an error. A result says when a limit was the reason.
//
// # What is not protected
//
// A sandbox is made of the kernel that it shares with the host: a hole in the
// kernel is a hole in the sandbox. CPU, memory, processes and disk are limited
// by WithResources only. Host programs and libraries beneath /usr can be read. The existence of a
// hidden file can be inferred where its directory may be written: creating its
// name, or removing its directory, fails. With NetworkHost the commands reach
// whatever the host reaches, its abstract unix sockets included. With WithLive
// a file that appears on the host after the start is seen, whatever the rules.
//
// # Requirements
//
// Linux 5.19 or later on amd64 or arm64, with overlayfs, seccomp user
// notification and user namespaces; root is not needed. Probe says whether they
// are there, and what to do if not. On other systems the package compiles, and
// making a sandbox fails with ErrUnsupported.
package sandbox
