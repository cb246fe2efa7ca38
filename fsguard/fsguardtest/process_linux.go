// SPDX-License-Identifier: MIT

package fsguardtest

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// processCalls are about the process itself, and about talking to another.
var processCalls = map[string]call{
	"umask": func(p *prober, o *op, _ spot) (string, error) {
		unix.Umask(int(o.Mode))
		return "", nil
	},
	"chdir": func(p *prober, o *op, at spot) (string, error) { return "", unix.Chdir(at.bare()) },
	"fchdir": func(p *prober, o *op, _ spot) (string, error) {
		return "", unix.Fchdir(p.fd(o.FD))
	},
	"getcwd": func(p *prober, o *op, _ spot) (string, error) {
		buf := make([]byte, 1<<16)
		n, err := unix.Getcwd(buf)
		return strings.TrimRight(string(buf[:max(n, 0)]), "\x00"), err
	},
	"exec":   execute,
	"fifo":   fifo,
	"hangup": hangUp,
	"bind": func(p *prober, o *op, at spot) (string, error) {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return "", err
		}
		defer unix.Close(fd)
		return "", unix.Bind(fd, &unix.SockaddrUnix{Name: at.bare()})
	},
	"connect": connect,
}

// execute runs a program with no arguments. A script could not be read by its
// interpreter from a directory that is closed by then.
func execute(p *prober, o *op, at spot) (string, error) {
	name := at.path
	if at.dir != unix.AT_FDCWD {
		name = string(o.Path)
	}
	pid, err := syscall.ForkExec(name, []string{name}, &syscall.ProcAttr{Files: []uintptr{0, 1, 2}})
	if err != nil {
		return "", err
	}
	var status unix.WaitStatus
	if _, err := unix.Wait4(pid, &status, 0, nil); err != nil {
		return "", err
	}
	return "exit " + strconv.Itoa(status.ExitStatus()), nil
}

// fifo makes a FIFO and sends something through it, both ends opened by calls
// that wait for the other one.
func fifo(p *prober, o *op, at spot) (string, error) {
	if err := unix.Mknodat(at.dir, at.path, unix.S_IFIFO|0o600, 0); err != nil {
		return "", err
	}
	sent := make(chan error, 1)
	go func() {
		fd, err := unix.Openat(at.dir, at.path, unix.O_WRONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			_, err = unix.Write(fd, []byte(o.To))
			unix.Close(fd)
		}
		sent <- err
	}()
	fd, err := unix.Openat(at.dir, at.path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	got, err := readAll(fd)
	if err != nil {
		return "", err
	}
	return got, <-sent
}

// hangUp opens a FIFO for writing and closes it, Size times. It tells how often
// a reader found a writer after that.
func hangUp(p *prober, o *op, at spot) (string, error) {
	late := 0
	for range o.Size {
		fd, err := unix.Openat(at.dir, at.path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if err != nil {
			return "", err
		}
		unix.Close(fd)
		if fd, err = unix.Openat(at.dir, at.path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0); err != nil {
			return "", err
		}
		_, err = readAll(fd)
		unix.Close(fd)
		switch err {
		case nil:
		case unix.EAGAIN:
			late++
		default:
			return "", err
		}
	}
	return strconv.Itoa(late) + " late", nil
}

// connect binds a socket and talks to it by its name.
func connect(p *prober, o *op, at spot) (string, error) {
	addr := &unix.SockaddrUnix{Name: at.bare()}
	server, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	defer unix.Close(server)
	if err := unix.Bind(server, addr); err != nil {
		return "", err
	}
	if err := unix.Listen(server, 1); err != nil {
		return "", err
	}
	client, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	if err := unix.Connect(client, addr); err != nil {
		unix.Close(client)
		return "", fmt.Errorf("connect: %w", err)
	}
	_, err = unix.Write(client, []byte(o.To))
	unix.Close(client)
	if err != nil {
		return "", err
	}
	peer, _, err := unix.Accept(server)
	if err != nil {
		return "", err
	}
	defer unix.Close(peer)
	return readAll(peer)
}
