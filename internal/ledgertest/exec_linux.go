// SPDX-License-Identifier: MIT

package ledgertest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// execRaces executes a program by a name that leads to another at times.
func execRaces() []try {
	return []try{
		attempt("a symlink to a program of level read, or of view or none", "held", func() (string, error) {
			targets := [3]string{ws + "/read/exe", ws + "/mix/view.exe", ws + "/mix/none.exe"}
			if told.Mode == guardGone { // nothing can be exchanged
				return executed(targets[0])
			}
			ways := [3]string{"/tmp/exec0", "/tmp/exec1", "/tmp/exec2"}
			for i, to := range targets {
				if err := unix.Symlink(to, ways[i]); err != nil {
					return "", err
				}
			}
			var stop atomic.Bool
			exchanged := make(chan error, 1)
			go func() {
				for i := 0; !stop.Load(); i++ {
					if err := unix.Renameat2(unix.AT_FDCWD, ways[0], unix.AT_FDCWD, ways[1+i%2], unix.RENAME_EXCHANGE); err != nil {
						exchanged <- err
						return
					}
					// The shell opens the script once more, and on a busy machine late.
					time.Sleep(time.Duration(i%16) * time.Millisecond)
				}
				exchanged <- nil
			}()
			what, err := executed(ways[0])
			stop.Store(true)
			if e := <-exchanged; e != nil {
				return "", e
			}
			return what, err
		}),
	}
}

// executed executes a path for the time of the race: either it is the program of
// level read, whose exit code is 7, or there is nothing.
func executed(path string) (string, error) {
	ran := false
	for end := time.Now().Add(told.Duration); time.Now().Before(end) || !ran; {
		if time.Now().After(end.Add(20 * time.Second)) {
			return "", errors.New("the program never ran")
		}
		out, err := exec.Command(path).CombinedOutput()
		var exit *exec.ExitError
		switch {
		case len(out) > 0 && !strings.Contains(string(out), "sh:"): // which read what the name led to by then
			return "", fmt.Errorf("it printed %q", out)
		case errors.As(err, &exit) && exit.ExitCode() == 7:
			ran = true
		case err == nil && exit == nil && len(out) == 0:
			// The shell has read a stand-in, which is empty.
		case errors.As(err, &exit), errors.Is(err, unix.EACCES), errors.Is(err, unix.ENOENT):
		default:
			return "", err
		}
	}
	return "held", nil
}

// loaderAndMemfd executes what may not be executed, or has no name: by the dynamic
// loader, as a memfd, and by a descriptor.
func loaderAndMemfd() []try {
	return []try{
		attempt("ld.so with a program of level view", "refused|no loader", func() (string, error) { return load(ws + "/mix/view.exe") }),
		attempt("ld.so with a program of level none", "refused|no loader", func() (string, error) { return load(ws + "/mix/none.exe") }),
		attempt("an interpreter with a script of level view", "refused", func() (string, error) {
			if out, err := exec.Command("/bin/sh", ws+"/mix/view.exe").CombinedOutput(); err == nil {
				return "", fmt.Errorf("it ran: %s", out)
			}
			return "refused", nil
		}),
		attempt("execveat of a descriptor of level view", "EACCES", func() (string, error) {
			fd, err := unix.Open(ws+"/mix/view.exe", unix.O_PATH|unix.O_CLOEXEC, 0)
			if err != nil {
				return "", err
			}
			_, err = sys("execveat", uintptr(fd), str(""), 0, 0, unix.AT_EMPTY_PATH)
			return "", err
		}),
		guarded("a memfd with a copy of the attacker runs under the same filter", "seccomp 2, capabilities 0000000000000000, EROFS",
			"seccomp 2, capabilities 0000000000000000, ENOSYS", copied),
	}
}

func load(path string) (string, error) {
	loaders, _ := filepath.Glob("/lib*/ld-*.so*")
	for _, l := range loaders {
		if out, err := exec.Command(l, path).CombinedOutput(); err == nil {
			return "", fmt.Errorf("%s ran it: %s", l, out)
		}
	}
	if len(loaders) == 0 {
		return "no loader", nil
	}
	return "refused", nil
}

func init() { helpers["confined"] = confined }

// confined prints what this process is to the kernel, and what it may write.
func confined() int {
	status, _ := os.ReadFile("/proc/self/status")
	fields := map[string]string{}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		fields[name] = strings.TrimSpace(value)
	}
	fmt.Printf("seccomp %s, capabilities %s, %s\n", fields["Seccomp"], fields["CapEff"], outcome("", put(ws+"/read/file", "attacked")))
	return 0
}

// copied executes a copy of the attacker that has no name, by execveat(2) with
// AT_EMPTY_PATH, which is fexecve(3).
func copied() (string, error) {
	data, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return "", err
	}
	fd, err := unix.MemfdCreate("attacker", 0)
	if err != nil {
		return "", err
	}
	f := os.NewFile(uintptr(fd), "attacker")
	defer f.Close()
	if _, err := f.Write(data); err != nil {
		return "", err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer r.Close()
	// The child is one of the attacker's, which becomes the memfd.
	cmd := exec.Command("/proc/self/exe", attackArg, "become")
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = w, w, []*os.File{f}
	err = cmd.Run()
	w.Close()
	buf := make([]byte, 1024)
	n, _ := r.Read(buf)
	return strings.TrimSpace(string(buf[:n])), err
}

func init() { helpers["become"] = become }

func become() int {
	argv, _ := syscall.SlicePtrFromStrings([]string{"x", attackArg, "confined"})
	env := make([]*byte, 1)
	_, err := sys("execveat", 3, str(""), uintptr(unsafe.Pointer(&argv[0])), uintptr(unsafe.Pointer(&env[0])), unix.AT_EMPTY_PATH)
	fmt.Println("execveat:", err)
	return 1
}
