// SPDX-License-Identifier: MIT

package launch

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/runtime"
)

// copied are files of /etc that hold no secrets and that programs read.
var copied = []string{"/etc/localtime", "/etc/resolv.conf", "/etc/os-release"}

// maxCopied is the size over which such a file is left out.
const maxCopied = 16 << 10

// inspect looks at the machine, once for all sandboxes.
func inspect() (Host, error) {
	h := Host{Links: map[string]string{}, Missing: map[string]bool{}, Files: map[string]string{}}
	for _, m := range runtime.NewSpec(runtime.SpecOptions{}).Mounts {
		if m.Type != "bind" {
			continue
		}
		fi, err := os.Lstat(m.Source)
		switch {
		case os.IsNotExist(err):
			h.Missing[m.Source] = true
		case err != nil:
			return h, err
		case fi.Mode()&os.ModeSymlink != 0:
			target, err := os.Readlink(m.Source)
			if err != nil {
				return h, err
			}
			h.Links[m.Source] = target
		}
	}
	for _, name := range copied {
		if fi, err := os.Stat(name); err != nil || !fi.Mode().IsRegular() || fi.Size() > maxCopied {
			continue
		}
		if data, err := os.ReadFile(name); err == nil {
			h.Files[name] = string(data)
		}
	}
	return h, nil
}

// ownFiles is the hard limit of open files of this process: commands have no more than
// who runs them, though their init may.
func ownFiles() uint64 {
	var own unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &own); err != nil {
		return 0
	}
	return own.Max
}
