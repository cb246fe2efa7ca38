// SPDX-License-Identifier: MIT

package fsguardtest

import (
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/fsguard"
)

// weightCalls tell what a directory's own attributes, and the numbers of its
// entries, give away of what it holds.
var weightCalls = map[string]call{
	"weigh": func(p *prober, o *op, at spot) (string, error) {
		var st unix.Stat_t
		err := unix.Fstatat(at.dir, at.path, &st, 0)
		return fmt.Sprintf("links %d, size %d, blocks %d, device %d, time %d", st.Nlink, st.Size, st.Blocks, st.Dev, st.Mtim.Nano()), err
	},
	// offsets are those that telldir(3) gives, in whatever order the entries come.
	"offsets": func(p *prober, o *op, at spot) (string, error) {
		fd, err := unix.Openat(at.dir, at.path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			return "", err
		}
		defer unix.Close(fd)
		var all []uint64
		buf := make([]byte, 64<<10)
		for {
			n, err := unix.Getdents(fd, buf)
			if err != nil {
				return "", err
			}
			if n == 0 {
				break
			}
			all = appendOffsets(all, buf[:n])
		}
		slices.Sort(all)
		end, err := unix.Seek(fd, 0, unix.SEEK_CUR)
		return fmt.Sprintf("%d, end %d", all, end), err
	},
}

// appendOffsets takes d_off of each entry of getdents64(2).
func appendOffsets(to []uint64, dirents []byte) []uint64 {
	for len(dirents) > 0 {
		to = append(to, binary.NativeEndian.Uint64(dirents[8:]))
		dirents = dirents[binary.NativeEndian.Uint16(dirents[16:]):]
	}
	return to
}

// weight compares directories that show the same and hide much, little or
// nothing, themselves or further down: none can be told from another.
func (s suite) weight(t *testing.T) {
	src := s.newSource(t)
	dirs := []string{"/hides-nothing", "/hides-much", "/hides-one", "/hides-deep"}
	for _, dir := range dirs {
		// More than fit into the smallest of directories.
		for i := range 60 {
			src.file(fmt.Sprintf("%s/seen-%03d-with-a-long-name-so-that-the-directory-grows", dir, i), "seen\n", 0o644)
		}
		src.mkdir(dir + "/sub/sub")
		src.mkdir(dir + "/sub2")
		src.mkdir(dir + "/empty")
	}
	for i := range 500 {
		src.file(fmt.Sprintf("/hides-much/none-%03d-with-a-long-name-so-that-the-directory-grows", i), "", 0o644)
		src.file(fmt.Sprintf("/hides-much/sub/none-%03d", i), "", 0o644)
	}
	for i := range 20 {
		src.mkdir(fmt.Sprintf("/hides-much/none-dir-%03d", i))
	}
	src.mkdir("/hides-much/empty/none/none")
	src.file("/hides-one/none", "", 0o644)
	src.file("/hides-deep/sub/sub/none", "", 0o644)
	for _, dir := range dirs {
		for _, sub := range []string{"/sub/sub", "/sub", "/sub2", "/empty", ""} {
			then := time.Unix(1_700_000_000, 123456789)
			src.check(os.Chtimes(src.dir+dir+sub, then, then))
		}
	}
	for _, level := range []fsguard.Permission{fsguard.View, fsguard.Read, fsguard.Write} {
		t.Run(level.String(), func(t *testing.T) {
			b := s.box(t, src,
				fsguard.Rule{Pattern: "/**", Permission: level},
				fsguard.Rule{Pattern: "/hides*/**/none*", Permission: fsguard.None, Priority: 10},
				fsguard.Rule{Pattern: "/hides*/**/none*/**", Permission: fsguard.None, Priority: 10})
			var scripts []script
			for _, dir := range dirs {
				var look script
				for _, sub := range []string{"", "/sub", "/sub/sub", "/sub2", "/empty"} {
					path := Workspace + dir + sub
					look = append(look, do("weigh", path), do("readdir", path), do("offsets", path))
				}
				scripts = append(scripts, look)
			}
			got := b.run(absolute, scripts...)
			for i := range got {
				for j := range got[i] {
					if got[i][j] != got[0][j] {
						o := scripts[i][j]
						t.Errorf("%s %s: %s\nwhere nothing is hidden: %s", o.Call, o.Path, got[i][j], got[0][j])
					}
				}
			}
		})
	}
}
