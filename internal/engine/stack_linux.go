// SPDX-License-Identifier: MIT

package engine

import "golang.org/x/sys/unix"

// stacked reports whether a directory is on an overlay file system: the kernel
// stacks two at most (FILESYSTEM_MAX_STACK_DEPTH).
func stacked(dir string) bool {
	var st unix.Statfs_t
	return unix.Statfs(dir, &st) == nil && st.Type == unix.OVERLAYFS_SUPER_MAGIC
}
