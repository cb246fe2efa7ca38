// SPDX-License-Identifier: MIT

package commit

import (
	"crypto/sha256"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

const (
	// keptFile is up to which size in bytes what a file holds is kept, and keptTotal how much
	// is kept in all.
	keptFile  = 64 << 10
	keptTotal = 8 << 20
)

// Contents are of files that were read while the changes were looked for, so that each is not
// read once more by the commit: the sums of the target's, and what the sandbox's hold. They are
// safe for concurrent use.
type Contents struct {
	target bool
	room   atomic.Int64 // in bytes
	mu     sync.RWMutex
	files  map[string]*compared
}

// compared is a changed file as it was read; nil where that is not known.
type compared struct {
	old *summed
	now *held
}

// summed is a file of the target.
type summed struct {
	dev   uint64
	stamp Stamp
	plain bool // it has no attributes
}

// held is one of the sandbox.
type held struct {
	stamp Stamp
	data  []byte
}

// NewContents makes an empty set. target says that the old files are those of the commit's
// target, and staged that the new ones are to be staged.
func NewContents(target, staged bool) *Contents {
	c := &Contents{target: target, files: map[string]*compared{}}
	if staged {
		c.room.Store(keptTotal)
	}
	return c
}

// Add takes what two files hold: it is a delta.Seen.
func (c *Contents) Add(p *delta.Compared) {
	f := &compared{}
	if c.target {
		f.old = &summed{p.Old.Dev, stampOf(p.Old), plain(p.OldFD)}
		sum := sha256.Sum256(p.OldContent)
		f.old.stamp.Digest = sum[:]
	}
	if len(p.NowContent) <= keptFile && c.take(len(p.NowContent)) && steady(p.NowFD, p.Now) {
		f.now = &held{stampOf(p.Now), slices.Clone(p.NowContent)}
	}
	if f.old == nil && f.now == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.files[p.Now.Path] = f
}

// take reports whether n more bytes can be kept, which then are; if not, none can any more.
func (c *Contents) take(n int) bool {
	return c.room.Add(-int64(n)) >= 0
}

// steady reports whether an open file that was read since is what it was, and has no holes.
func steady(fd int, was *tree.Entry) bool {
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil || st.Blocks*512 < st.Size {
		return false
	}
	is := tree.EntryOf(was.Path, &st)
	return stampOf(&is).still(stampOf(was))
}

// of finds a file; nil: it is not known.
func (c *Contents) of(path string) *compared {
	if c == nil {
		return nil
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.files[path]
}

// now finds the sandbox's file of a change, with what it held when that was found.
func (c *Contents) now(change *delta.Change) *held {
	f := c.of(change.Path)
	if f == nil || f.now == nil || f.now.stamp.Mode != change.Mode || f.now.stamp.Size != change.Size {
		return nil
	}
	return f.now
}

// is reports whether a file is the one that was summed up, which nobody has touched since. What has been
// written to it without a new time does not agree with the sum.
func (f *summed) is(dev uint64, s Stamp) bool { return f != nil && f.dev == dev && f.stamp.still(s) }
