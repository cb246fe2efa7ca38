// SPDX-License-Identifier: MIT

package fsguardtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// probeArg makes a program that has this package the probe.
const probeArg = "fsguardtest-probe"

func init() {
	if len(os.Args) != 2 {
		return
	}
	var run func(in io.Reader, out io.Writer) error
	switch os.Args[1] {
	case probeArg:
		run = probe
	case peerArg:
		run = servePeer
	default:
		return
	}
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// probe performs what it is asked for on one thread.
func probe(in io.Reader, out io.Writer) error {
	runtime.LockOSThread()
	var req request
	if err := json.NewDecoder(in).Decode(&req); err != nil {
		return err
	}
	p := &prober{style: req.Style}
	if err := os.Symlink(Workspace, tmpLink); err != nil && !errors.Is(err, unix.EEXIST) {
		return err
	}
	all := make([][]result, len(req.Scripts))
	for i, s := range req.Scripts {
		p.reset()
		for j := range s {
			all[i] = append(all[i], p.do(&s[j]))
		}
	}
	return json.NewEncoder(out).Encode(all)
}

// tmpLink is a symlink to the workspace outside it.
const tmpLink = "/tmp/fsguardtest-workspace"

// noCall begins what the probe says of an operation that it does not know.
const noCall = "no call "

// prober is the state of the probe within a script.
type prober struct {
	style style
	files map[string]int
	peer  *peer // the second process, once there was something for it
}

func (p *prober) reset() {
	p.peer.reset()
	for _, fd := range p.files {
		unix.Close(fd)
	}
	p.files = map[string]int{}
	_ = unix.Chdir(Workspace)
	unix.Umask(0o022)
}

func (p *prober) do(o *op) result {
	if o.Proc != 0 {
		return p.second(o)
	}
	f := calls[o.Call]
	if f == nil {
		return result{Errno: noCall + o.Call}
	}
	at, errno := p.place(o)
	if errno != nil {
		return failed(errno)
	}
	defer at.release()
	if p.style == legacy && at.dir == unix.AT_FDCWD {
		if old := legacyCalls[o.Call]; old != nil {
			f = old
		}
	}
	saw, err := f(p, o, at)
	if err != nil {
		return failed(err)
	}
	return result{Saw: text(saw)}
}

func failed(err error) result {
	var errno unix.Errno
	if !errors.As(err, &errno) {
		return result{Errno: err.Error()}
	}
	if errno == unix.EOPNOTSUPP {
		return result{Errno: "EOPNOTSUPP"} // which is ENOTSUP as well
	}
	return result{Errno: unix.ErrnoName(errno)}
}

// spot is how a path is given to a system call.
type spot struct {
	dir     int
	path    string
	release func()
}

// place turns an operation's path into what the style wants. Paths outside the
// workspace are the same in all styles, and so are those from a directory.
func (p *prober) place(o *op) (spot, error) {
	s := spot{dir: unix.AT_FDCWD, path: p.expand(string(o.Path)), release: func() {}}
	if o.Dir != "" {
		s.dir = p.fd(o.Dir)
		return s, nil
	}
	rest, ok := strings.CutPrefix(s.path, Workspace+"/")
	if !ok || o.Plain {
		return s, nil
	}
	dir, base := split(s.path)
	switch p.style {
	case symlinked:
		s.path = tmpLink + "/" + rest
	case proc:
		s.path = "/proc/self/root" + s.path
	case dotdot:
		if name := path.Base(dir); name == ".." || name == "." {
			break
		}
		s.path = dir + "/../" + path.Base(dir) + "/" + base
	case relative:
		if err := unix.Chdir(dir); err != nil {
			return s, err
		}
		s.path = base
	case dirfd:
		fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			return s, err
		}
		s.dir, s.path, s.release = fd, base, func() { unix.Close(fd) }
	}
	return s, nil
}

// split parts a path before its last component, which keeps its slashes.
func split(p string) (dir, base string) {
	i := strings.LastIndexByte(strings.TrimRight(p, "/"), '/')
	return p[:i], p[i+1:]
}

// expand puts the numbers of open files for {name}.
func (p *prober) expand(s string) string {
	for name, fd := range p.files {
		s = strings.ReplaceAll(s, "{"+name+"}", fmt.Sprint(fd))
	}
	return s
}

// fd is the number of an open file; -1 when there is none.
func (p *prober) fd(name string) int {
	if fd, ok := p.files[name]; ok {
		return fd
	}
	return -1
}

// keep takes an opened file, to be closed at once unless it has a name.
func (p *prober) keep(o *op, fd int, err error) (string, error) {
	if err != nil {
		return "", err
	}
	if o.As == "" {
		return "", unix.Close(fd)
	}
	if old, ok := p.files[o.As]; ok {
		unix.Close(old)
	}
	p.files[o.As] = fd
	return "", nil
}
