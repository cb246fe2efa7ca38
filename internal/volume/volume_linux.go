// SPDX-License-Identifier: MIT

package volume

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The names in the directory of a volume, and at its root.
const (
	imageName   = "image"
	reserveName = "reserve" // its blocks are out of the sandbox's reach
)

// Volume is an open volume. Its methods may be called concurrently.
type Volume struct {
	dev *os.File
	mnt *os.File // keeps the file system mounted

	mu    sync.Mutex
	limit int64
}

// Create makes a volume in a directory, with the empty directories upper and
// work of the mode 0755 in it. Where the machine has no such thing, or this
// user may not, the error matches errors.ErrUnsupported.
func (f *Formatter) Create(dir string, limit int64) (*Volume, error) {
	if os.Geteuid() != 0 {
		return nil, fmt.Errorf("user %d cannot mount a file system (%w)", os.Geteuid(), errors.ErrUnsupported)
	}
	format, err := f.get(limit)
	if err != nil {
		return nil, err
	}
	image := filepath.Join(dir, imageName)
	if err := format.write(image); err != nil {
		return nil, err
	}
	v, err := attach(image, format.limit)
	if err != nil {
		_ = os.Remove(image)
	}
	return v, err
}

// Open opens the volume that Create has made in a directory, with the limit
// that it had last.
func Open(dir string, limit int64) (*Volume, error) {
	return attach(filepath.Join(dir, imageName), geometryOf(limit).limit)
}

// Exists reports whether Create has made a volume in a directory.
func Exists(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, imageName))
	return err == nil
}

func attach(image string, limit int64) (*Volume, error) {
	dev, err := newLoop(image)
	if err != nil {
		return nil, err
	}
	mnt, err := mountLoop(dev)
	if err != nil {
		dev.Close()
		return nil, err
	}
	return &Volume{dev: dev, mnt: mnt, limit: limit}, nil
}

// furnish makes what is in every volume, and takes the rest of it away.
func (v *Volume) furnish() error {
	for _, name := range []string{"upper", "work"} {
		if err := unix.Mkdirat(v.fd(), name, 0o755); err != nil {
			return err
		}
	}
	// A block for a directory is had with the first name in it.
	f, err := unix.Openat(v.fd(), reserveName, unix.O_CREAT|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	unix.Close(f)
	return v.reserve(v.limit)
}

// reserve makes so many bytes available, by taking or giving back the rest.
func (v *Volume) reserve(available int64) error {
	f, err := unix.Openat(v.fd(), reserveName, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer unix.Close(f)
	// What reserving takes itself is given back by the second round.
	for range 2 {
		free, err := v.available()
		if err != nil {
			return err
		}
		var st unix.Stat_t
		if err := unix.Fstat(f, &st); err != nil {
			return err
		}
		switch size := st.Size + free - available; {
		case size < 0:
			return fmt.Errorf("the volume can have %d bytes at most: %w", v.limit+free+st.Size, errors.ErrUnsupported)
		case size < st.Size:
			err = unix.Ftruncate(f, size)
		case size > st.Size:
			err = unix.Fallocate(f, 0, st.Size, size-st.Size)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (v *Volume) fd() int { return int(v.mnt.Fd()) }

// Root is a path to the volume, for this process and for as long as the volume
// is open.
func (v *Volume) Root() string { return fmt.Sprintf("/proc/self/fd/%d", v.mnt.Fd()) }

// Mount makes another detached mount of the volume. It is the caller's.
func (v *Volume) Mount() (*os.File, error) { return mountLoop(v.dev) }

// available are the bytes that can still be written.
func (v *Volume) available() (int64, error) {
	var st unix.Statfs_t
	if err := unix.Fstatfs(v.fd(), &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail) * st.Bsize, nil
}

// Usage returns the bytes that are in use, and the number of files.
func (v *Volume) Usage() (used, files int64, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	var st unix.Statfs_t
	if err := unix.Fstatfs(v.fd(), &st); err != nil {
		return 0, 0, err
	}
	return max(0, v.limit-int64(st.Bavail)*st.Bsize), int64(st.Files) - int64(st.Ffree), nil
}

// Resize changes the limit. More than the file system was made for is an error
// that matches errors.ErrUnsupported, less than is in use one that matches
// ENOSPC.
func (v *Volume) Resize(limit int64) error {
	limit = geometryOf(limit).limit
	v.mu.Lock()
	defer v.mu.Unlock()
	free, err := v.available()
	if err != nil {
		return err
	}
	used := v.limit - free
	if used > limit {
		return fmt.Errorf("%d bytes are in use: %w", used, unix.ENOSPC)
	}
	if err := v.reserve(limit - used); err != nil {
		return err
	}
	v.limit = limit
	return nil
}

// Close lets go of the volume. What was written is in its image, once all
// mounts of it are gone.
func (v *Volume) Close() error { return errors.Join(v.mnt.Close(), v.dev.Close()) }

// Discard closes a volume whose content is of no use any more: what was not
// yet written to the image never will be.
func (v *Volume) Discard() error {
	const shutdown, noFlush = 0x8004587d, uint32(2) // EXT4_IOC_SHUTDOWN, EXT4_GOING_FLAGS_NOLOGFLUSH
	if f, err := unix.Openat(v.fd(), ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err == nil {
		flags := noFlush
		_, _, _ = unix.Syscall(unix.SYS_IOCTL, uintptr(f), shutdown, uintptr(unsafe.Pointer(&flags)))
		unix.Close(f)
	}
	return v.Close()
}
