// SPDX-License-Identifier: MIT

package sandbox_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// TestProgramsAreNotBusy writes programs in every way in which they are opened for
// writing outside of the sandbox, and executes them at once, while the owner
// forks: none of its children may still have one open.
func TestProgramsAreNotBusy(t *testing.T) {
	t.Parallel()
	dir := project(t, map[string]string{"program": "#!/bin/sh\nexit 0\n", "truncate.py": `import os, subprocess
for i in range(300):
    os.truncate("program", 17)
    try: subprocess.run("./program", check=True, close_fds=False)
    except OSError as e: print(e)
`, "open.py": `import os, subprocess
for i in range(300):
    os.close(os.open("program", os.O_WRONLY))
    try: subprocess.run("./program", check=True, close_fds=False)
    except OSError as e: print(e)
`})
	check(t, os.Chmod(filepath.Join(dir, "program"), 0o755))
	sb := start(t, dir, everything)
	must(t, sb, "touch program")

	stop := make(chan struct{})
	var forks sync.WaitGroup
	for range 3 {
		forks.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				// A child in a user namespace waits between fork and exec.
				cmd := exec.Command("/bin/true")
				cmd.SysProcAttr = &syscall.SysProcAttr{
					Cloneflags:  syscall.CLONE_NEWUSER,
					UidMappings: []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}},
					GidMappings: []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}},
				}
				_ = cmd.Run()
			}
		})
	}
	t.Cleanup(func() { close(stop); forks.Wait() })

	if got := must(t, sb, "python3 truncate.py"); got != "" {
		t.Errorf("truncated, then executed: %s", got)
	}
	if got := must(t, sb, "python3 open.py"); got != "" {
		t.Errorf("opened, then executed: %s", got)
	}
	for range 50 {
		check(t, sb.WriteFile(t.Context(), "/program", []byte("#!/bin/sh\nexit 0 # again\n")))
		must(t, sb, "./program")
	}
}
