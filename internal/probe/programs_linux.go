// SPDX-License-Identifier: MIT

package probe

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// bwrap looks for bubblewrap and asks for its version.
func bwrap() Program {
	path, err := exec.LookPath("bwrap")
	if err != nil {
		return Program{}
	}
	p := Program{Path: path}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		p.Err = err
		return p
	}
	p.Version = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(string(out)), "bubblewrap"))
	return p
}

// mkfs looks for the program that makes file systems, which Debian keeps out
// of a user's PATH.
func mkfs() Program {
	for _, name := range []string{"mkfs.ext4", "/usr/sbin/mkfs.ext4", "/sbin/mkfs.ext4"} {
		if path, err := exec.LookPath(name); err == nil {
			return Program{Path: path}
		}
	}
	return Program{}
}

// loop opens what hands out loop devices (loop(4)). Asking it for one may make
// one, and is left to whoever needs it.
func loop() error {
	fd, err := unix.Open("/dev/loop-control", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err == nil {
		unix.Close(fd)
	}
	return err
}

// docker looks for the socket of a Docker engine, or of what speaks its
// protocol: the one of DOCKER_HOST, else the first that somebody listens at.
func docker() Socket {
	var paths []string
	if host, ok := strings.CutPrefix(os.Getenv("DOCKER_HOST"), "unix://"); ok {
		paths = []string{host}
	} else {
		paths = []string{"/var/run/docker.sock"}
		if run := os.Getenv("XDG_RUNTIME_DIR"); run != "" {
			paths = append(paths, filepath.Join(run, "docker.sock"), filepath.Join(run, "podman/podman.sock"))
		}
		paths = append(paths, "/run/podman/podman.sock")
	}
	var found Socket
	for _, path := range paths {
		var st unix.Stat_t
		if unix.Stat(path, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFSOCK {
			continue
		}
		s := Socket{Path: path, Err: dial(path)}
		if s.Err == nil {
			return s
		}
		if found.Path == "" {
			found = s
		}
	}
	return found
}

// dial connects to a socket, without waiting for one whose owner is too busy
// to accept.
func dial(path string) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Connect(fd, &unix.SockaddrUnix{Name: path})
}
