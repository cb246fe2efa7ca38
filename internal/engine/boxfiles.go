// SPDX-License-Identifier: MIT

package engine

import "io/fs"

// ReadDir is that of Files. No name is the one that a file has while the owner
// writes it.
func (b *Box) ReadDir(path string) ([]fs.FileInfo, error) {
	defer b.space.whole()()
	return b.Files.ReadDir(path)
}

// ReadDirBeneath is ReadDir for what lies beneath a directory, following no link
// there.
func (b *Box) ReadDirBeneath(dir, path string) ([]fs.FileInfo, error) {
	defer b.space.whole()()
	return b.Files.ReadDirBeneath(dir, path)
}
