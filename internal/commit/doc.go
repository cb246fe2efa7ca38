// SPDX-License-Identifier: MIT

// Package commit carries what a sandbox changed over to a directory of the
// host: entirely or not at all, through crashes, without overwriting what
// somebody else changed meanwhile, and without being led elsewhere by a
// symbolic link. All that lies in the sandbox's layer is hostile content.
//
// # How
//
//  1. Each change is judged against the target, which is only read. What comes
//     of it is a list of steps, as plain data.
//  2. The journal says that a commit is being staged. All new content is
//     written to numbered slots of a directory at the target's root,
//     ".sandbox-commit-<id>", which only its owner may enter. One syncfs(2)
//     makes it durable.
//  3. The journal says that the commit is being applied, with the steps, the
//     inode of each slot, and the identity of each old file as it was judged.
//  4. The steps are done, each by one system call that cannot do half of it:
//     what is new is renamed into its place with RENAME_NOREPLACE; what takes
//     the place of something is exchanged with it (RENAME_EXCHANGE); what is
//     deleted is renamed into a slot, and empty directories by rmdir(2), which
//     removes no others. Only then is what came out examined: when it is not
//     the file that was judged, the step is taken back and is a conflict.
//     Old files stay in their slots until all steps are done. What was new is
//     examined in the same way when it comes back: what somebody wrote to it at its
//     path is newer than the old file, so it stands there in the end, and the
//     old one is kept beside the staging directory, with the suffix
//     "-kept-<slot>", as is everything that has no other place any more.
//  5. The staging directory gets the suffix "-done" and is removed. A second
//     syncfs, then the journal forgets the commit.
//
// Recover finishes at the next start what stands in the journal. A slot that
// still holds the inode that was staged has not been applied, any other has.
// While the directory is named without "-done", all that is needed to go on,
// or back, is in it.
//
// Files are judged, staged, exchanged and removed by a few goroutines; directories
// are one after the other. At the first conflict, or failure, no more steps are begun,
// and all up to the last that was are taken back.
//
// What the sandbox's file held when it was found to have changed is kept, up to 64 KiB of it and 8 MiB in
// all, and committed; what is larger, or was not read then, is as it is when it is staged.
//
// # Why content is summed up twice
//
// Each old file of up to 1 MiB is read when it is judged, or, where the caller has read it
// already to find the changes, before that (Contents), and read again after it was
// exchanged, though its size and times are the same. Times alone do not prove that it
// is: a write within one tick of the kernel's clock leaves the time that was there
// (before Linux 6.13); a page that is mapped and dirty takes further writes
// without a new time until it is written back, and on a tmpfs for good; and
// who sets the modification time back changes only the change time, as the exchange itself
// does. The lease tells of writers that are there at that moment, not of those
// that were. For larger files the times, the lease, and the change time right before the
// exchange have to do, unless they were changed just before, or have several names; and
// for those of more than 256 MiB always.
//
// # What a file keeps
//
// A changed file is a new inode: other hard links to the old one keep the old
// content, and a program that has it open goes on with the old one. A program
// that has it open for writing makes it a conflict, since what it is about to
// write would be lost (where the file system grants leases, fcntl(2), and the
// file is the caller's or the caller is root). Owner, group, POSIX ACL and
// attributes in the namespace user are those of the old file. What is new gets
// the owner and group of its directory when root commits, and mode and
// modification time of the sandbox's. No set-user-ID or set-group-ID bit is ever
// carried over. When permissions are all that changed, the file stays and is
// only given those, unless it has other names.
//
// # Mount points
//
// Each mount beneath the target that is concerned has a staging directory at
// its own root, since nothing can be renamed from one mount to another.
//
// # Other file systems
//
// Where the file system knows no RENAME_EXCHANGE or RENAME_NOREPLACE, what
// stands at the path is examined right before a plain rename. What somebody else
// changes between these two calls is overwritten. The old file is kept as
// a hard link until the end, if the file system has those; otherwise that step
// cannot be taken back.
package commit
