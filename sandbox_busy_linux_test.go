// SPDX-License-Identifier: MIT

package sandbox_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestProgramsAreNotBusy writes programs in every way in which they are opened for
// writing outside of the sandbox, and executes them at once, while the owner
// forks: none of its children may still have one open.
func TestProgramsAreNotBusy(t *testing.T) {
	t.Parallel()
	dir := project(t, map[string]string{"program": "#!/bin/sh\nexit 0\n", "write.py": `import os, subprocess, sys, time
held = True
for i in range(300):
    began = time.monotonic()
    if sys.argv[1] == "truncate": os.truncate("program", 17)
    else: os.close(os.open("program", os.O_WRONLY))
    # On a busy machine it may take the guard so long that it keeps nobody from forking any
    # more; the child has the program then until it executes something itself.
    held = held and time.monotonic() - began < 0.03
    try: subprocess.run("./program", check=True, close_fds=False); held = True
    except OSError as e:
        if held: print(e)
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

	if got := must(t, sb, "python3 write.py truncate"); got != "" {
		t.Errorf("truncated, then executed: %s", got)
	}
	if got := must(t, sb, "python3 write.py open"); got != "" {
		t.Errorf("opened, then executed: %s", got)
	}
	for range 50 {
		began := time.Now()
		check(t, sb.WriteFile(t.Context(), "/program", []byte("#!/bin/sh\nexit 0 # again\n")))
		if time.Since(began) < 30*time.Millisecond {
			must(t, sb, "./program")
			continue
		}
		eventually(t, "a child that was forked meanwhile executes something", func() bool {
			r, err := sb.Run(t.Context(), "./program")
			check(t, err)
			return r.ExitCode == 0
		})
	}
}
