// SPDX-License-Identifier: MIT

package codebase

// Option changes how a Store works.
type Option func(*options)

type options struct {
	noSync bool
	throw  func(dir string) error
}

// WithoutSync leaves out what makes writes survive a failure of the machine,
// for a state that goes with the process. Those of a process that is killed
// survive all the same.
func WithoutSync() Option { return func(o *options) { o.noSync = true } }

// WithTrash says how directories are thrown away: throw has to move dir out of
// the way, by a rename, and may remove it later. It must be safe for concurrent
// use. Without it they are renamed within the store and removed in the background.
func WithTrash(throw func(dir string) error) Option { return func(o *options) { o.throw = throw } }

// WriteOptions say what Write makes.
type WriteOptions struct {
	// Mode holds the permissions. Zero means those of the regular file that is
	// replaced, or 0644.
	Mode uint32
	// ModTime is in nanoseconds since 1970; zero means now.
	ModTime int64
	// Size is how many bytes the content has; -1 when that is not known. Other
	// content is ErrSize.
	Size int64
}

// Limits bound an archive. Zero means no limit.
type Limits struct {
	// Files is how many entries it may have: those that are skipped count, and so do
	// directories that only names tell of.
	Files int
	// Bytes is how much its files may hold together, hard links counted as what
	// they link to.
	Bytes int64
	// FileBytes is how much one file may hold.
	FileBytes int64
}
