// SPDX-License-Identifier: MIT

package commit

import (
	"crypto/sha256"
	"sync"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Sums are those of files of the target that were read before the commit, while its changes
// were looked for. Who commits to the directory that the sandbox works on has them made
// then, so that each file is not read once more. They are safe for concurrent use.
type Sums struct {
	mu    sync.Mutex
	files map[string]*summed
}

// summed is a file as it was read.
type summed struct {
	dev   uint64
	stamp Stamp
	plain bool
}

// NewSums makes an empty set.
func NewSums() *Sums { return &Sums{files: map[string]*summed{}} }

// Add sums a file up: it is a delta.Seen.
func (s *Sums) Add(old *tree.Entry, fd int, content []byte) {
	f := &summed{old.Dev, stampOf(old), plain(fd)}
	sum := sha256.Sum256(content)
	f.stamp.Digest = sum[:]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[old.Path] = f
}

// of finds the sum of a file, if nobody has touched it since; nil otherwise. What has been
// written to it without a new time does not agree with the sum.
func (s *Sums) of(now *tree.Entry) *summed {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	f := s.files[now.Path]
	s.mu.Unlock()
	if f == nil || f.dev != now.Dev || !f.stamp.still(stampOf(now)) {
		return nil
	}
	return f
}
