// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// place is where to listen.
type place struct {
	socket string       // a path; or else
	tcp    *net.TCPAddr // an address
}

// parsePlace takes a value of --listen. A name is looked up: it listens on what
// the name means now.
func parsePlace(flag, text string) (place, error) {
	if path, ok := strings.CutPrefix(text, "unix:"); ok {
		if path == "" {
			return place{}, usagef("--%s: unix: needs a path", flag)
		}
		return place{socket: path}, nil
	}
	if !strings.Contains(text, ":") {
		return place{}, usagef("--%s: %q is neither host:port nor unix:/path", flag, text)
	}
	addr, err := net.ResolveTCPAddr("tcp", text)
	if err != nil {
		return place{}, usagef("--%s: %w", flag, err)
	}
	return place{tcp: addr}, nil
}

// local reports whether only this machine can reach it.
func (p place) local() bool { return p.tcp == nil || p.tcp.IP != nil && p.tcp.IP.IsLoopback() }

func (p place) listen(mode os.FileMode) (net.Listener, error) {
	if p.tcp != nil {
		return net.ListenTCP("tcp", p.tcp)
	}
	if err := removeStale(p.socket); err != nil {
		return nil, err
	}
	// It never has other permissions, not even for a moment. Nothing else makes
	// files yet.
	old := syscall.Umask(int(0o777 &^ mode))
	defer syscall.Umask(old)
	return net.Listen("unix", p.socket)
}

// removeStale removes a socket that nobody listens to any more.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%s is there, and is no socket", path)
	}
	conn, err := net.DialTimeout("unix", path, time.Second)
	switch {
	case err == nil:
		conn.Close()
		return fmt.Errorf("somebody listens on %s already", path)
	case errors.Is(err, syscall.ECONNREFUSED):
		return os.Remove(path)
	case errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return fmt.Errorf("%s is there, and whether somebody listens cannot be told: %w", path, err)
}

// address is where a listener listens, as --listen takes it.
func address(l net.Listener) string {
	if l.Addr().Network() == "unix" {
		return "unix:" + l.Addr().String()
	}
	return l.Addr().String()
}
