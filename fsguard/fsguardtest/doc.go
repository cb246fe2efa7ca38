// SPDX-License-Identifier: MIT

// Package fsguardtest is the acceptance suite of the four levels: what every
// runtime must make of them, system call by system call. [Run] runs it on the
// sandboxes that a [Factory] makes.
//
// A copy of the test binary lies in each tree under test and is executed in the
// sandbox as the probe: importing the package is enough for that. It reads a
// list of operations, performs them by plain system calls and prints what they
// gave. A test binary that needs a C library finds it in most sandboxes; for an
// image without one, build it with CGO_ENABLED=0.
//
// # What holds
//
// Looking is the kernel's own: a hidden name is ENOENT, in the way that one is
// which nobody has used. A change that the rules deny fails as on a read-only
// mount: with EROFS, after the errors that the kernel finds before that, such
// as ENOENT, EEXIST, ENOTDIR, EISDIR or, for a placeholder, EACCES. A name of
// the level none cannot be made, whether it is taken or free. A directory moves
// only where all it holds may be written in both places, else EXDEV, and one
// that holds hidden names is not removed: EROFS if it looks empty. The way in
// which a path is given makes no difference: absolute, relative to a descriptor
// or the working directory, by "..", by symlinks, or by /proc.
//
// Whatever the rules and the operations are, a sandbox does what the model of
// internal/oracle says. Random cases are held against it: see docs/oracle.md.
//
// # Exceptions
//
// Where everything may be written, a sandbox is like a bind mount of the same
// tree but for:
//
//   - A directory of the source is not renamed (EXDEV): overlayfs would have to
//     copy it. mv(1) does.
//   - A file of the source is copied when it is first changed. Its inode
//     number changes with that, its other hard links keep the old content, and
//     so does a descriptor that was opened for reading before.
//   - When such a file gets a second name, permissions that are changed by that
//     one are shown by the first as well, but not asked for, until the kernel looks
//     it up anew: an overlay that a user namespace has mounted has two inodes then.
//   - The number of links of a merged directory is 1, and its size another. In
//     a sandbox without a snapshot, in which anything is hidden, all directories
//     are merged.
//   - There, opening a file of the source with the access mode 3, which is
//     neither reading nor writing, fails (EROFS).
//   - statfs(2) gives overlayfs, and says that the workspace is read-only.
//   - rename(2) with RENAME_WHITEOUT is EINVAL, and xattrs that begin with
//     user.overlay. are refused (EOPNOTSUPP).
//   - No device is made, not even the whiteout that the kernel lets anybody make.
//   - getsockname(2) of a socket bound in the workspace gives the name without
//     its directory.
//   - A file that was opened for writing is open for some microseconds more than
//     the process has it so: a lock of flock(2) may be held after its last close,
//     and a lease refused. Programs and FIFOs are not.
//   - The attributes of a file that was opened for reading, and then removed,
//     cannot be changed: EROFS, or EEXIST if O_CREAT was among the flags and the
//     file is one of the source.
//   - A relative path is found by way of the workspace: where a directory above
//     the working directory, or above the descriptor that the path begins at, may
//     not be searched any more, a change is refused (EACCES).
//   - From a directory that was removed, ".." does not lead to a change (EROFS).
//   - A path through /proc/self/task is not followed for a change (EROFS).
//   - What lies so deep that its path from / has more than 4095 bytes, which
//     chdir(2) can reach step by step, cannot be changed (EROFS).
package fsguardtest
