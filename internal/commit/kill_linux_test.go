// SPDX-License-Identifier: MIT

package commit_test
func commitAsChild(dir string) int { return 0 }
