// SPDX-License-Identifier: MIT

package engine

import (
	"context"
	"io/fs"
)

// WriteFile is that of Files. Who looks at the workspace's changes sees the file before
// or after.
func (b *Box) WriteFile(ctx context.Context, path string, data []byte, perm fs.FileMode) error {
	done, err := b.space.turns.enter(ctx, writes)
	if err != nil {
		return err
	}
	defer done()
	return b.Files.WriteFile(path, data, perm)
}

// ReadDir is that of Files. No name is the one that a file has while the owner
// writes it.
func (b *Box) ReadDir(ctx context.Context, path string) ([]fs.FileInfo, error) {
	done, err := b.space.whole(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return b.Files.ReadDir(path)
}

// ReadDirBeneath is ReadDir for what lies beneath a directory, following no link
// there.
func (b *Box) ReadDirBeneath(ctx context.Context, dir, path string) ([]fs.FileInfo, error) {
	done, err := b.space.whole(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return b.Files.ReadDirBeneath(dir, path)
}
