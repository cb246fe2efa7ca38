// SPDX-License-Identifier: MIT

package ledgertest

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// longPaths are long, deep, or lead round in circles.
func longPaths() []try {
	dots := func(n int) string { return ws + strings.Repeat("/.", n) + "/read/file" }
	return []try{
		guarded("10,000 components", "ENAMETOOLONG", "ENOSYS", opens(ws+strings.Repeat("/a", 10_000), unix.O_WRONLY|unix.O_CREAT)),
		guarded("10,000 components that lead nowhere else", "ENAMETOOLONG", "ENOSYS", opens(dots(10_000), unix.O_WRONLY)),
		guarded("as many as a path may have", "EROFS", "ENOSYS", opens(dots(2030), unix.O_WRONLY)),
		guarded("as many, by directories and out again", "EROFS", "ENOSYS", opens(ws+strings.Repeat("/read/..", 500)+"/read/file", unix.O_WRONLY)),
		guarded("as many slashes", "EROFS", "ENOSYS", opens(ws+strings.Repeat("/", 4000)+"read/file", unix.O_WRONLY)),
		guarded("a path of PATH_MAX and one of a byte less", "held", "ENOSYS", edges),
		guarded("a name of 256 bytes", "ENAMETOOLONG", "ENOSYS", opens(ws+"/write/"+strings.Repeat("n", 256), unix.O_WRONLY|unix.O_CREAT)),
		guarded("up beyond the root", "EROFS", "ENOSYS", opens(strings.Repeat("/..", 1000)+ws+"/read/file", unix.O_WRONLY)),
		guarded("a loop of symlinks", "ELOOP", "ENOSYS", func() (string, error) {
			_ = unix.Symlink("loop", ws+"/write/loop")
			if told.Mode == guardGone {
				return opens(ws+"/write/loop", unix.O_WRONLY)()
			}
			return opens(ws+"/write/loop/x", unix.O_WRONLY|unix.O_CREAT)()
		}),
		guarded("a directory 600 levels deep, and up from there by ..", "EROFS", "ENOSYS", deep),
	}
}

// edges opens paths at the limit of their length, which counts the NUL.
func edges() (string, error) {
	for _, length := range []int{unix.PathMax - 2, unix.PathMax - 1, unix.PathMax, unix.PathMax + 1} {
		path := ws + strings.Repeat("/", length-len(ws)-len("read/file")) + "read/file"
		want := error(unix.EROFS)
		if length >= unix.PathMax {
			want = unix.ENAMETOOLONG
		}
		if _, err := opens(path, unix.O_WRONLY)(); err == unix.ENOSYS {
			return "", err
		} else if err != want {
			return "", fmt.Errorf("%d bytes: %w", length, err)
		}
	}
	return "held", nil
}

// deep goes down so far that the path from the root is too long to be given, step
// by step, and writes from there.
func deep() (string, error) {
	if err := unix.Chdir(ws + "/write"); err != nil {
		return "", err
	}
	defer func() { _ = unix.Chdir(ws) }()
	down := 0
	for ; down < 600; down++ {
		const name = "deeper-and-deeper"
		if err := unix.Mkdir(name, 0o755); err != nil && err != unix.EEXIST {
			if down < 100 {
				return "", err
			}
			break // the guard serves no path of more than PATH_MAX
		}
		if err := unix.Chdir(name); err != nil {
			return "", err
		}
	}
	return "", put(strings.Repeat("../", down+1)+"read/file", "attacked")
}
