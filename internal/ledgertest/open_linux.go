// SPDX-License-Identifier: MIT

package ledgertest

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// oldAndNewOpens are the calls from before openat(2), and the one after it.
func oldAndNewOpens() []try {
	var tries []try
	add := func(name, held, dead string, do func() (string, error)) {
		tries = append(tries, guarded(name, held, dead, do))
	}
	for _, l := range []struct{ name, path, write, create string }{
		{"read", ws + "/read/file", "EROFS", "EROFS"},
		{"view", ws + "/mix/view", "EACCES|EROFS", "EACCES|EROFS"},
		{"none", ws + "/mix/none", "ENOENT", "EROFS"},
	} {
		add("open for writing, level "+l.name, l.write, "ENOSYS", makes("open", str(l.path), unix.O_WRONLY))
		add("open with O_TRUNC alone, level "+l.name, l.write, "ENOSYS", makes("open", str(l.path), unix.O_TRUNC))
		add("open with O_CREAT, level "+l.name, l.create, "ENOSYS", makes("open", str(l.path), unix.O_CREAT|unix.O_RDWR, 0o644))
		add("creat, level "+l.name, l.create, "ENOSYS", makes("creat", str(l.path), 0o644))
		add("openat2 for writing, level "+l.name, l.write, "ENOSYS", openat2(l.path, unix.O_RDWR, 0))
		add("openat2 in another root, level "+l.name, l.write+"|ENOENT", "ENOSYS", openat2(l.path[1:], unix.O_RDWR, unix.RESOLVE_IN_ROOT))
		add("openat2 with O_CREAT, level "+l.name, l.create, "ENOSYS", openat2(l.path, unix.O_CREAT|unix.O_WRONLY, unix.RESOLVE_NO_SYMLINKS))
		add("O_TMPFILE beside it, level "+l.name, "EROFS|EACCES|ENOENT", "ENOSYS", makes("openat", at, str(ws+"/"+l.name), unix.O_TMPFILE|unix.O_RDWR, 0o644))
	}
	return append(tries,
		attempt("reading, level view", "EACCES", cats(ws+"/mix/view")),
		attempt("reading, level none", "ENOENT", cats(ws+"/mix/none")),
		guarded("openat2 for reading, level view", "EACCES", "ENOSYS", openat2(ws+"/mix/view", unix.O_RDONLY, 0)),
		guarded("openat2 for reading, level none", "ENOENT", "ENOSYS", openat2(ws+"/mix/none", unix.O_RDONLY, 0)),
	)
}

func openat2(path string, flags, resolve uint64) func() (string, error) {
	return func() (string, error) {
		how := unix.OpenHow{Flags: flags | unix.O_CLOEXEC, Resolve: resolve}
		if flags&unix.O_CREAT != 0 {
			how.Mode = 0o644
		}
		dir := at
		if resolve&unix.RESOLVE_IN_ROOT != 0 {
			fd, err := unix.Open("/", unix.O_PATH|unix.O_CLOEXEC, 0)
			if err != nil {
				return "", err
			}
			defer unix.Close(fd)
			dir = uintptr(fd)
		}
		_, err := sys("openat2", dir, str(path), uintptr(unsafe.Pointer(&how)), unsafe.Sizeof(how))
		return "", err
	}
}
