// SPDX-License-Identifier: MIT

package ledgertest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// lingeringSockets have the guard close, as the last one that has it, a socket whose
// close waits for its peer: SO_LINGER of socket(7). It takes a copy of a process's
// socket for bind(2), which the process closes meanwhile.
func lingeringSockets() []try {
	return []try{guarded("sockets that are closed while they are bound", "ok", "ENOSYS", func() (string, error) {
		if told.Mode != guardThere {
			return "", put(ws+"/write/file", "x")
		}
		ctx, cancel := context.WithTimeout(context.Background(), told.Duration+30*time.Second)
		defer cancel()
		var out []byte
		for _, args := range [][]string{{"lingerer", told.Duration.String()}, {"writer"}} {
			var err error
			if out, err = exec.CommandContext(ctx, "/proc/self/exe", append([]string{attackArg}, args...)...).Output(); err != nil {
				return "", fmt.Errorf("%s: %w: %s", args[0], err, out)
			}
		}
		return strings.TrimSpace(string(out)), nil
	})}
}

func init() { helpers["lingerer"] = lingerer }

// lingerer closes sockets while they are bound, for a while. It does not end when the
// guard waits for one of them.
func lingerer() int {
	duration, err := time.ParseDuration(os.Args[3])
	_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 4096, Max: 4096})
	began := time.Now()
	for i := 0; err == nil && i < 1500 && time.Since(began) < duration; i++ {
		var one int
		if one, err = lingering(); err == nil {
			closeWhileBound(one, i)
		}
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// closeWhileBound binds a socket to a name in the workspace, and closes it at some
// time from just before to just after. The kernel has a file for as long as a call on
// it takes, so the last one that has it may be the thread that binds: it waits then as
// in close(2), until a signal comes. Signals do not end what the guard works on.
func closeWhileBound(fd, i int) {
	var binder atomic.Int64
	go func() {
		runtime.LockOSThread()
		for binder.Load() == 0 {
		}
		for until := time.Now().Add(time.Duration(i%100) * time.Microsecond); time.Now().Before(until); {
		}
		unix.Close(fd) // which waits, if it is the last
	}()
	bound := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer close(bound)
		address := append([]byte{unix.AF_UNIX, 0}, ws+"/write/socket"...)
		binder.Store(int64(unix.Gettid()))
		_, _ = sys("bind", uintptr(fd), mem(address), uintptr(len(address)))
	}()
	for again := time.NewTicker(10 * time.Millisecond); ; {
		select {
		case <-bound:
			again.Stop()
			return
		case <-again.C:
			// The handler of this one, which is the runtime's, restarts what it interrupts.
			if tid := binder.Load(); tid != 0 {
				_ = unix.Tgkill(os.Getpid(), int(tid), unix.SIGURG)
			}
		}
	}
}

// lingering gives one end of a connection to this process itself, which is full of
// what nobody reads. The other end stays open.
func lingering() (one int, err error) {
	listener, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	defer unix.Close(listener)
	_ = unix.SetsockoptInt(listener, unix.SOL_SOCKET, unix.SO_RCVBUF, 4096)
	if err := unix.Bind(listener, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return -1, err
	}
	if err := unix.Listen(listener, 1); err != nil {
		return -1, err
	}
	to, err := unix.Getsockname(listener)
	if err != nil {
		return -1, err
	}
	if one, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0); err != nil {
		return -1, err
	}
	_ = unix.SetsockoptInt(one, unix.SOL_SOCKET, unix.SO_SNDBUF, 4096)
	if err := unix.Connect(one, to); err != nil {
		return -1, err
	}
	if _, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC); err != nil {
		return -1, err
	}
	_ = unix.SetNonblock(one, true)
	for err = nil; err == nil; {
		_, err = unix.Write(one, make([]byte, 64<<10))
	}
	return one, unix.SetsockoptLinger(one, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1, Linger: 3600})
}
