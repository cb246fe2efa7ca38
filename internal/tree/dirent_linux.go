// SPDX-License-Identifier: MIT

package tree

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Where the fields of struct linux_dirent64 stand; see getdents64(2).
const (
	direntReclen = unsafe.Offsetof(unix.Dirent{}.Reclen)
	direntName   = unsafe.Offsetof(unix.Dirent{}.Name)
)

// Names returns the names in the open directory fd, sorted, each with prefix
// before it. All share one string. buf is scratch space for getdents64(2), which gives
// a name twice that is removed and made again meanwhile.
func Names(fd int, prefix string, buf []byte) ([]string, error) {
	var arena []byte
	var ends []int
	for {
		n, err := retry(func() (int, error) { return unix.Getdents(fd, buf) })
		if err != nil {
			return nil, err
		}
		if n == 0 {
			break
		}
		for rest := buf[:n]; len(rest) > int(direntName); {
			size := int(binary.NativeEndian.Uint16(rest[direntReclen:]))
			name := rest[direntName:size]
			rest = rest[size:]
			if end := bytes.IndexByte(name, 0); end >= 0 {
				name = name[:end]
			}
			if string(name) == "." || string(name) == ".." {
				continue
			}
			arena = append(append(arena, prefix...), name...)
			ends = append(ends, len(arena))
		}
	}
	all := string(arena)
	names := make([]string, len(ends))
	start := 0
	for i, end := range ends {
		names[i] = all[start:end]
		start = end
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}
