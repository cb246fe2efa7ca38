// SPDX-License-Identifier: MIT

package launch_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/control"
	"github.com/sandbox-rls/sandbox/runtime"
	"github.com/sandbox-rls/sandbox/runtime/internal/launch"
)

// fakeInit is an init whose part the test plays. Killing it closes its socket.
type fakeInit struct {
	sock int
	once sync.Once
}

func (f *fakeInit) Kill() { f.once.Do(func() { unix.Close(f.sock) }) }

func (f *fakeInit) say(t *testing.T, data []byte, files ...int) {
	t.Helper()
	var oob []byte
	if len(files) > 0 {
		oob = unix.UnixRights(files...)
	}
	if err := unix.Sendmsg(f.sock, data, oob, nil, unix.MSG_NOSIGNAL); err != nil && err != unix.EPIPE && err != unix.ECONNRESET {
		t.Fatal(err)
	}
}

// takenOver starts a sandbox with an init that behaves until it is ready.
func takenOver(t *testing.T, first ...func(f *fakeInit)) (*fakeInit, runtime.Instance) {
	t.Helper()
	ours, theirs, err := control.Pair()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := control.NewConn(ours)
	if err != nil {
		t.Fatal(err)
	}
	f := &fakeInit{sock: theirs}
	t.Cleanup(f.Kill)
	root := openNull(t)
	defer root.Close()
	for _, m := range []struct {
		message control.Message
		files   []int
	}{{&control.Hello{Files: []string{"root"}}, []int{int(root.Fd())}}, {&control.Ready{}, nil}} {
		if err := control.Send(theirs, m.message, m.files...); err != nil {
			t.Fatal(err)
		}
	}
	for _, do := range first {
		do(f)
	}
	in, err := launch.Attend(t.Context(), launch.Attended{Process: f, Conn: conn}, &control.Setup{}, runtime.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	return f, in
}

func openNull(t *testing.T) *os.File {
	t.Helper()
	f, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fakeInit) command(t *testing.T, in runtime.Instance) runtime.Process {
	t.Helper()
	null := openNull(t)
	defer null.Close()
	p, err := in.Start(runtime.Command{Argv: []string{"x"}, Dir: "/", Stdin: null, Stdout: null, Stderr: null})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestLedgerHostileInit has an init, once it is ready, say what none would say, say
// too much of it, or nothing any more.
func TestLedgerHostileInit(t *testing.T) {
	encode := func(m control.Message) []byte {
		packet, _, err := control.Pack(m)
		if err != nil {
			t.Fatal(err)
		}
		return packet
	}
	t.Run("Words", func(t *testing.T) {
		files := make([]int, 250)
		for i := range files {
			f := openNull(t)
			defer f.Close()
			files[i] = int(f.Fd())
		}
		for name, c := range map[string]struct {
			data  []byte
			files []int
			ends  bool
		}{
			"garbage":                       {[]byte{0x63, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, nil, true},
			"a length beyond all bounds":    {[]byte{byte(control.KindHello), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, nil, true},
			"a packet larger than any":      {make([]byte, 100<<10), nil, true},
			"a message in a file":           {[]byte{0xff}, files[:1], true},
			"as many files as there can be": {encode(&control.Ready{}), files, true},
			"a second root":                 {encode(&control.Hello{Files: []string{"root"}}), files[:1], true},
			"a listener, late":              {encode(&control.Hello{Files: []string{"listener"}}), files[:1], true},
			"files that nobody asked for":   {encode(&control.Exit{ID: 99}), files[:2], true},
			"what an owner says":            {encode(&control.Exec{Argv: []string{"x"}}), files[:3], true},
			"the end of nothing":            {encode(&control.Exit{ID: 99}), nil, false},
			"ready again":                   {encode(&control.Ready{}), nil, false},
			"an answer to nothing":          {encode(&control.Settled{ID: 99}), nil, false},
		} {
			t.Run(name, func(t *testing.T) {
				f, in := takenOver(t)
				before := countFiles(t)
				f.say(t, c.data, c.files...)
				if !c.ends {
					p := f.command(t, in)
					f.say(t, encode(&control.Exit{ID: 1, Status: 7 << 8}))
					if st, err := p.Wait(t.Context()); err != nil || st.ExitCode != 7 {
						t.Errorf("a command ended with %+v, %v", st, err)
					}
				} else {
					<-in.Done()
					before-- // the control socket
				}
				// What an init has sent is closed apart from all else, and may be later.
				for end := time.Now().Add(time.Minute); countFiles(t) > before; time.Sleep(time.Millisecond) {
					if time.Now().After(end) {
						t.Fatalf("%d files were open, %d are", before, countFiles(t))
					}
				}
			})
		}
	})
	t.Run("Flood", func(t *testing.T) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		random := rand.New(rand.NewPCG(seed, 0))
		_, quiet := takenOver(t)
		for range 200 {
			f, in := takenOver(t)
			for range random.IntN(50) {
				data := make([]byte, 1+random.IntN(300))
				for i := range data {
					data[i] = byte(random.Uint32())
				}
				data[0] = byte(random.IntN(16))
				f.say(t, data)
			}
			if err := in.Close(); err != nil {
				t.Fatal(err)
			}
		}
		select {
		case <-quiet.Done():
			t.Error("another sandbox ended")
		default:
		}
	})
	t.Run("Lingering", func(t *testing.T) {
		// The owner is the only one left with these sockets: in a message that it
		// receives, in one that it refuses, and in one that it never looks at.
		linger := func(data []byte) func(f *fakeInit) {
			return func(f *fakeInit) {
				one, other := lingering(t)
				f.say(t, data, one, other)
				unix.Close(one)
				unix.Close(other)
			}
		}
		said, garbage := linger(encode(&control.Exit{ID: 99})), linger([]byte{0x63})
		for name, first := range map[string][]func(f *fakeInit){"received": {said}, "refused": {garbage}, "not looked at": {garbage, said}} {
			t.Run(name, func(t *testing.T) {
				_, in := takenOver(t, first...)
				closed := make(chan error, 1)
				go func() { closed <- in.Close() }()
				select {
				case err := <-closed:
					if err != nil {
						t.Error(err)
					}
				case <-time.After(time.Minute):
					t.Error("the owner waits for what lingers")
				}
			})
		}
	})
	t.Run("Silence", func(t *testing.T) {
		for name, ask := range map[string]func(p runtime.Process, in runtime.Instance) error{
			"killed": func(p runtime.Process, _ runtime.Instance) error {
				if err := p.Signal(syscall.SIGKILL); err != nil {
					return err
				}
				_, err := p.Wait(context.Background())
				return err
			},
			"settled":     func(p runtime.Process, _ runtime.Instance) error { return p.Settle(context.Background()) },
			"interrupted": func(p runtime.Process, _ runtime.Instance) error { return p.Interrupt(syscall.SIGINT, syscall.SIGINT) },
			"sent more than a socket takes": func(p runtime.Process, _ runtime.Instance) error {
				for {
					if err := p.Signal(syscall.SIGUSR1); err != nil {
						return err
					}
				}
			},
		} {
			t.Run(name, func(t *testing.T) {
				f, in := takenOver(t)
				p := f.command(t, in)
				launch.SetPatience(in, 200*time.Millisecond)
				if err := ask(p, in); !errors.Is(err, runtime.ErrEnded) {
					t.Errorf("got %v", err)
				}
				<-in.Done()
			})
		}
	})
}

// lingering makes a connection to itself that is full of what nobody reads, and whose
// last close waits for that to be read: SO_LINGER of socket(7).
func lingering(t *testing.T) (one, other int) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	listener, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	must(err)
	defer unix.Close(listener)
	must(unix.Bind(listener, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	must(unix.Listen(listener, 1))
	addr, err := unix.Getsockname(listener)
	must(err)
	one, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	must(err)
	must(unix.Connect(one, addr))
	other, _, err = unix.Accept4(listener, unix.SOCK_CLOEXEC)
	must(err)
	must(unix.SetNonblock(one, true))
	for err = nil; err == nil; {
		_, err = unix.Write(one, make([]byte, 64<<10))
	}
	must(unix.SetsockoptLinger(one, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1, Linger: 300}))
	return one, other
}

// countFiles counts the open files of the process.
func countFiles(t *testing.T) int {
	t.Helper()
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}
