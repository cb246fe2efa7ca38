// SPDX-License-Identifier: MIT

package control_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/control"
)

// packets are messages of all sizes.
var packets = map[string]control.Message{
	"exec":  &control.Exec{ID: 1 << 63, Argv: []string{"sh", "-c", "", "a\x00b\xff"}, Env: []string{"A=1"}, Dir: "/workspace"},
	"kill":  &control.Kill{ID: 7, Signal: 64},
	"hello": &control.Hello{Files: []string{"root", "workspace"}},
	"ready": &control.Ready{},
	"large": &control.Exec{Argv: []string{strings.Repeat("x", 1<<20)}, Env: []string{}},
	"many":  &control.Exec{Argv: make([]string, 1<<17), Env: []string{}},
}

// pair makes a connected pair: the owner's end and the init's.
func pair(t testing.TB) (*control.Conn, int) {
	t.Helper()
	ours, theirs, err := control.Pair()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := control.NewConn(ours)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(); unix.Close(theirs) })
	return conn, theirs
}

// openFiles opens some files, which are the caller's to close.
func openFiles(t testing.TB, n int) []int {
	t.Helper()
	files := make([]int, n)
	for i := range files {
		fd, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		files[i] = fd
	}
	return files
}

// countFiles counts the open files of the process.
func countFiles(t testing.TB) int {
	t.Helper()
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}

// eventually waits until something holds: what is not to be had is closed by another
// goroutine, for which nobody waits longer than a second.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

func TestSend(t *testing.T) {
	for _, name := range []string{"exec", "large", "many", "kill"} {
		t.Run(name, func(t *testing.T) {
			conn, sock := pair(t)
			files := openFiles(t, 3)
			defer control.CloseFiles(files)
			before := countFiles(t)
			if err := conn.Send(packets[name], files...); err != nil {
				t.Fatal(err)
			}
			got, received, err := control.Receive(sock, new(control.Buffer))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(packets[name], got); diff != "" {
				t.Errorf("-sent +received:\n%s", diff)
			}
			if len(received) != 3 {
				t.Errorf("received %d files", len(received))
			}
			for _, fd := range received {
				if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
					t.Errorf("file %d: flags %#x, %v", fd, flags, err)
				}
			}
			control.CloseFiles(received)
			if now := countFiles(t); now != before {
				t.Errorf("%d files were open, %d are", before, now)
			}
		})
	}
}

// TestSendFiles sends as many files as the kernel takes.
func TestSendFiles(t *testing.T) {
	conn, sock := pair(t)
	files := openFiles(t, 252)
	defer control.CloseFiles(files)
	if err := conn.Send(packets["large"], files...); err != nil { // its own file is one more
		t.Fatal(err)
	}
	_, received, err := control.Receive(sock, new(control.Buffer))
	if err != nil || len(received) != len(files) {
		t.Errorf("received %d files, %v", len(received), err)
	}
	control.CloseFiles(received)
}

func TestSendTooLarge(t *testing.T) {
	conn, sock := pair(t)
	before := countFiles(t)
	for name, m := range map[string]control.Message{
		"bytes":   &control.Exec{Argv: []string{strings.Repeat("x", 8<<20)}},
		"strings": &control.Exec{Env: make([]string, 1<<17+1)},
	} {
		if err := conn.Send(m); !errors.Is(err, unix.E2BIG) {
			t.Errorf("%s, by the owner: got %v", name, err)
		}
		if err := control.Send(sock, m); !errors.Is(err, unix.E2BIG) {
			t.Errorf("%s, by the init: got %v", name, err)
		}
	}
	if now := countFiles(t); now != before {
		t.Errorf("%d files were open, %d are", before, now)
	}
}

// receive takes a message of the init as the owner does.
func receive(c *control.Conn) (control.Message, []int, error) {
	return c.Receive(make([]byte, 512), make([]byte, 64))
}

func TestReceive(t *testing.T) {
	conn, sock := pair(t)
	files := openFiles(t, 2)
	defer control.CloseFiles(files)
	if err := control.Send(sock, packets["hello"], files...); err != nil {
		t.Fatal(err)
	}
	m, received, err := receive(conn)
	if err != nil || len(received) != 2 {
		t.Fatalf("got %+v, %v, %v", m, received, err)
	}
	control.CloseFiles(received)
	if diff := cmp.Diff(packets["hello"], m); diff != "" {
		t.Error(diff)
	}
	unix.Shutdown(sock, unix.SHUT_RDWR)
	if m, _, err := receive(conn); err != io.EOF {
		t.Errorf("after the end: got %+v, %v", m, err)
	}
	if err := conn.Send(packets["kill"]); err != io.ErrClosedPipe {
		t.Errorf("sending after the end: %v", err)
	}
}

// TestReceiveLastWords reads what a peer said that has ended without reading
// what it was sent.
func TestReceiveLastWords(t *testing.T) {
	ours, theirs, err := control.Pair()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := control.NewConn(ours)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Send(packets["kill"]); err != nil {
		t.Fatal(err)
	}
	if err := control.Send(theirs, packets["ready"]); err != nil {
		t.Fatal(err)
	}
	unix.Close(theirs)
	m, _, err := receive(conn)
	if diff := cmp.Diff(packets["ready"], m); diff != "" || err != nil {
		t.Errorf("%v, %s", err, diff)
	}
	if m, _, err := receive(conn); err != io.EOF {
		t.Errorf("after the end: got %+v, %v", m, err)
	}
}

func TestCloseEndsReceive(t *testing.T) {
	conn, _ := pair(t)
	var wg sync.WaitGroup
	wg.Go(func() {
		if m, _, err := receive(conn); err == nil {
			t.Errorf("got %+v", m)
		}
	})
	conn.Close()
	wg.Wait()
	if err := conn.Send(packets["kill"]); err != io.ErrClosedPipe {
		t.Errorf("sending after closing: %v", err)
	}
}

// TestHostilePeer sends the owner what no init would.
func TestHostilePeer(t *testing.T) {
	for name, c := range map[string]struct {
		data  []byte
		files int
	}{
		"malformed":               {[]byte{99, 1, 2}, 2},
		"longer than the buffer":  {make([]byte, 4096), 1},
		"spilled":                 {[]byte{255}, 1},
		"spilled, no file":        {[]byte{255}, 0},
		"too many files":          {control.Encode(packets["ready"]), 20},
		"as many as there can be": {control.Encode(packets["ready"]), 250},
	} {
		t.Run(name, func(t *testing.T) {
			conn, sock := pair(t)
			files := openFiles(t, c.files)
			defer control.CloseFiles(files)
			var oob []byte
			if len(files) > 0 {
				oob = unix.UnixRights(files...)
			}
			before := countFiles(t)
			if err := unix.Sendmsg(sock, c.data, oob, nil, 0); err != nil {
				t.Fatal(err)
			}
			m, received, err := receive(conn)
			if !errors.Is(err, control.ErrMalformed) || m != nil || received != nil {
				t.Errorf("got %+v, %v, %v", m, received, err)
			}
			eventually(t, "what was sent is closed", func() bool { return countFiles(t) == before })
		})
	}
}

// FuzzUnpackPeer gives the owner's reader any packet, with files attached and
// with control data that the kernel would not make.
func FuzzUnpackPeer(f *testing.F) {
	for name, m := range packets {
		if name != "large" && name != "many" {
			f.Add(control.Encode(m), uint8(3), []byte(nil), 0)
		}
	}
	f.Add([]byte{255}, uint8(1), []byte(nil), 0)
	f.Add(control.Encode(packets["ready"]), uint8(20), []byte(nil), unix.MSG_CTRUNC)
	f.Add(control.Encode(packets["ready"]), uint8(0), unix.UnixRights(1<<20, 1<<21), 0)
	f.Fuzz(func(t *testing.T, data []byte, attached uint8, oob []byte, flags int) {
		if msgs, err := unix.ParseSocketControlMessage(oob); err == nil {
			for i := range msgs {
				if len(msgs[i].Data)%4 != 0 {
					continue // on which ParseUnixRights panics
				}
				fds, _ := unix.ParseUnixRights(&msgs[i])
				for _, fd := range fds {
					if fd < 1<<20 {
						t.Skip("files of the fuzzer")
					}
				}
			}
		}
		var files []int
		if n := int(attached) % 40; n > 0 && len(oob) == 0 {
			files = openFiles(t, n) // the reader's, once received
			oob = unix.UnixRights(files...)
		}
		m, received, err := control.UnpackPeer(data, oob, flags)
		if err != nil && (m != nil || received != nil) {
			t.Errorf("an error and %+v, %v", m, received)
		}
		if len(received) > 8 {
			t.Errorf("%d files", len(received))
		}
		control.CloseFiles(received)
		for _, fd := range files {
			eventually(t, fmt.Sprintf("file %d is closed", fd), func() bool {
				_, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
				return err != nil
			})
		}
	})
}

// TestDecodeIsBounded gives the reader lengths that lie, and measures.
func TestDecodeIsBounded(t *testing.T) {
	for name, b := range map[string][]byte{
		"list":  append([]byte{byte(control.KindExec), 0, 0x80, 0x80, 0x04}, make([]byte, 1<<16)...),
		"maps":  append([]byte{byte(control.KindMapIDs), 0x80, 0x80, 0x01}, make([]byte, 1<<16)...),
		"steps": append([]byte{byte(control.KindSetup), 0x80, 0x80, 0x04}, make([]byte, 1<<16)...),
	} {
		var before, after runtime.MemStats
		const rounds = 100
		runtime.ReadMemStats(&before)
		for range rounds {
			_, _ = control.Decode(b)
		}
		runtime.ReadMemStats(&after)
		per := (after.TotalAlloc - before.TotalAlloc) / rounds
		// An empty string, or an empty step of eight bytes, is the dearest.
		if per > uint64(len(b))*32 {
			t.Errorf("%s: %d bytes took %d of memory", name, len(b), per)
		}
	}
}
