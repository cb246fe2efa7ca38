// SPDX-License-Identifier: MIT

package volume

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"
)

// Formatter makes images. What mkfs.ext4 writes for a size, less than a
// megabyte as a rule, is kept in memory, so that only the first image of a size
// costs a run of it. It is safe for concurrent use.
type Formatter struct {
	dir string

	mu      sync.Mutex
	formats map[int64]*format
}

// format is what an empty volume holds.
type format struct {
	geometry
	parts []part
}

type part struct {
	at   int64
	data []byte
}

// maxFormats bounds the formats that are kept.
const maxFormats = 4

// NewFormatter returns a formatter that works in a directory.
func NewFormatter(dir string) *Formatter {
	return &Formatter{dir: dir, formats: map[int64]*format{}}
}

// get returns the format of volumes with a limit.
func (f *Formatter) get(limit int64) (*format, error) {
	g := geometryOf(limit)
	f.mu.Lock()
	defer f.mu.Unlock()
	if have := f.formats[g.limit]; have != nil {
		return have, nil
	}
	made, err := f.make(g)
	if err != nil {
		return nil, err
	}
	if len(f.formats) == maxFormats {
		clear(f.formats)
	}
	f.formats[g.limit] = made
	return made, nil
}

func (f *Formatter) make(g geometry) (*format, error) {
	dir, err := os.MkdirTemp(f.dir, ".format-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	image := filepath.Join(dir, imageName)
	if err := mkfs(g, image); err != nil {
		return nil, err
	}
	v, err := attach(image, g.limit)
	if err != nil {
		return nil, err
	}
	err = v.furnish()
	if e := v.Close(); err == nil {
		err = e
	}
	if err != nil {
		return nil, fmt.Errorf("preparing a volume: %w", err)
	}
	parts, err := read(image)
	return &format{g, parts}, err
}

// mkfs runs mkfs.ext4, which Debian keeps out of a user's PATH.
func mkfs(g geometry, image string) error {
	program, err := exec.LookPath("mkfs.ext4")
	for _, dir := range []string{"/usr/sbin", "/sbin"} {
		if err == nil {
			break
		}
		program, err = exec.LookPath(filepath.Join(dir, "mkfs.ext4"))
	}
	if err != nil {
		return fmt.Errorf("there is no mkfs.ext4 (%w); install e2fsprogs", errors.ErrUnsupported)
	}
	cmd := exec.Command(program, g.arguments(image)...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "MKE2FS_CONFIG=/dev/null"}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mkfs.ext4: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

// read takes what an image holds, without its zeros.
func read(image string) ([]part, error) {
	f, err := os.Open(image)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var parts []part
	for at := int64(0); ; {
		start, err := f.Seek(at, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			return parts, nil
		}
		if err != nil {
			return nil, err
		}
		if at, err = f.Seek(start, unix.SEEK_HOLE); err != nil {
			return nil, err
		}
		data := make([]byte, at-start)
		if _, err := f.ReadAt(data, start); err != nil {
			return nil, err
		}
		parts = append(parts, nonzero(start, data)...)
	}
}

// nonzero splits data into the runs of blocks that hold something.
func nonzero(at int64, data []byte) []part {
	var zeros [blockSize]byte
	var parts []part
	begin := -1
	for i := 0; i < len(data); i += blockSize {
		block := data[i:min(i+blockSize, len(data))]
		empty := bytes.Equal(block, zeros[:len(block)])
		if empty && begin >= 0 {
			parts = append(parts, part{at + int64(begin), bytes.Clone(data[begin:i])})
			begin = -1
		} else if !empty && begin < 0 {
			begin = i
		}
	}
	if begin >= 0 {
		parts = append(parts, part{at + int64(begin), bytes.Clone(data[begin:])})
	}
	return parts
}

// write makes an image.
func (f *format) write(image string) (err error) {
	out, err := os.OpenFile(image, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if e := out.Close(); err == nil {
			err = e
		}
	}()
	if err := out.Truncate(f.size); err != nil {
		return err
	}
	for _, p := range f.parts {
		if _, err := out.WriteAt(p.data, p.at); err != nil {
			return err
		}
	}
	return nil
}
