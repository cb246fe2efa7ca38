// SPDX-License-Identifier: MIT

package probe

import (
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/idrange"
	"github.com/sandbox-rls/sandbox/internal/statedir"
)

// Gather finds out all it can. It takes some milliseconds, leaves nothing
// behind, and may be called at any time.
func Gather() *Facts {
	f := &Facts{OS: runtime.GOOS, Arch: runtime.GOARCH, UID: os.Geteuid(), Ranged: idrange.Mapped()}
	f.Program, _ = os.Executable()
	var uts unix.Utsname
	if unix.Uname(&uts) == nil {
		f.Kernel = unix.ByteSliceToString(uts.Release[:])
	}
	root := os.DirFS("/")
	f.machine(root)
	f.Cgroups = cgroups(root, f.UID, func(path string) bool { return unix.Access(path, unix.W_OK) == nil })
	f.Calls = calls()
	f.TempDir, f.Files.Temp.Err = statedir.Place()
	f.TempFS = fileSystem(f.TempDir)
	f.tryFiles()
	f.Bwrap, f.Docker, f.Disk.Mkfs = bwrap(), docker(), mkfs()
	if f.mapsRange() {
		f.Disk.Loop = tried(loop())
	}
	return f
}

// tryFiles does what needs a directory.
func (f *Facts) tryFiles() {
	dir, err := f.workDir()
	f.Files.Temp = tried(err)
	if err != nil {
		f.children("")
		return
	}
	// What an overlay leaves in its work directory only its own user may enter.
	defer func() {
		_ = os.Chmod(filepath.Join(dir, "work", "work"), 0o700)
		_ = os.RemoveAll(dir)
	}()
	f.Files.Reflink = tried(reflink(dir))
	f.children(dir)
}
