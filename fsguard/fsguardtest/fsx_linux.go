// SPDX-License-Identifier: MIT

package fsguardtest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"testing"

	"golang.org/x/sys/unix"
)

// fsxCalls exercise one file, whose content is known.
var fsxCalls = map[string]call{"exercise": exercise}

// fsxMax bounds the file, fsxStep what one operation touches.
const (
	fsxMax  = 192 << 10
	fsxStep = 24 << 10
)

// exerciser works on a file in all ways at random, and knows what must be in it.
type exerciser struct {
	*rand.Rand
	path    string
	fd      int // read and write
	tail    int // O_APPEND
	reader  int // read-only: in a sandbox, not by the door
	scratch int
	want    []byte
	missing int // operations that the file system does not have
}

// exercise performs Size operations on the file Path, drawn from the seed Mode. It
// shows a digest of what is there then, or says which step found what is wrong.
func exercise(p *prober, o *op, at spot) (string, error) {
	x := &exerciser{Rand: rand.New(rand.NewPCG(uint64(o.Mode), 0)), path: at.path, scratch: -1, fd: -1, tail: -1, reader: -1}
	defer x.close()
	if err := x.start(); err != nil {
		return "", err
	}
	for i := range o.Size {
		n := x.IntN(len(exercises))
		err := exercises[n](x)
		if err == unix.EOPNOTSUPP {
			x.missing++
			err = nil
		}
		if err != nil {
			return "", fmt.Errorf("step %d, exercise %d: %w", i, n, err)
		}
	}
	if err := x.check(x.reader, 0, len(x.want)); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d bytes, digest %.8x, %d not supported", len(x.want), sha256.Sum256(x.want), x.missing), nil
}

// start opens the file. Its first change is made before it is opened for reading:
// see the exceptions.
func (x *exerciser) start() (err error) {
	if x.fd, err = unix.Open(x.path, unix.O_RDWR|unix.O_CREAT|unix.O_CLOEXEC, 0o644); err != nil {
		return err
	}
	var st unix.Stat_t
	if err := unix.Fstat(x.fd, &st); err != nil {
		return err
	}
	x.want = make([]byte, st.Size)
	if _, err := unix.Pread(x.fd, x.want, 0); err != nil {
		return err
	}
	if x.scratch, err = unix.Open(x.path+".scratch", unix.O_RDWR|unix.O_CREAT|unix.O_CLOEXEC, 0o644); err != nil {
		return err
	}
	return x.open()
}

func (x *exerciser) open() (err error) {
	for _, f := range []struct {
		fd    *int
		flags int
	}{{&x.fd, unix.O_RDWR}, {&x.tail, unix.O_WRONLY | unix.O_APPEND}, {&x.reader, unix.O_RDONLY}} {
		unix.Close(*f.fd)
		if *f.fd, err = unix.Open(x.path, f.flags|unix.O_CLOEXEC, 0); err != nil {
			return err
		}
	}
	return nil
}

func (x *exerciser) close() {
	for _, fd := range []int{x.fd, x.tail, x.reader, x.scratch} {
		unix.Close(fd)
	}
}

// check compares a part of the file.
func (x *exerciser) check(fd, from, to int) error {
	got := make([]byte, to-from+1)
	n, err := unix.Pread(fd, got, int64(from))
	if err != nil {
		return err
	}
	if to < len(x.want) {
		n = min(n, to-from)
	}
	return x.same(got[:n], from, to)
}

func (x *exerciser) same(got []byte, from, to int) error {
	want := x.want[min(from, len(x.want)):min(to, len(x.want))]
	if !bytes.Equal(got, want) {
		return fmt.Errorf("another content from %d to %d of %d", from, to, len(x.want))
	}
	return nil
}

// span draws a part of the file that lies in it, or reaches beyond its end.
func (x *exerciser) span(beyond bool) (from, size int) {
	limit := len(x.want)
	if beyond {
		limit = fsxMax
	}
	from = x.IntN(limit + 1)
	return from, min(x.IntN(fsxStep)+1, limit-from)
}

func (x *exerciser) data(size int) []byte {
	data := bytes.Repeat([]byte{byte(x.Uint32())}, size)
	for i := 0; i < size; i += 64 {
		data[i] = byte(x.Uint32())
	}
	return data
}

func (x *exerciser) resize(size int) {
	if size <= len(x.want) {
		x.want = x.want[:size]
		return
	}
	x.want = append(x.want[:len(x.want):len(x.want)], make([]byte, size-len(x.want))...)
}

// put is what a write does to the content.
func (x *exerciser) put(from int, data []byte) {
	x.resize(max(len(x.want), from+len(data)))
	copy(x.want[from:], data)
}

// exercised runs it on a new file and on one of the source, in a sandbox and on a
// bind mount, where it comes to the same.
func (s suite) exercised(t *testing.T) {
	const steps = 12_000
	h := fnv.New32a()
	h.Write([]byte(t.Name())) // another seed for each kind of sandbox
	content := string(bytes.Repeat([]byte("source"), 9999))
	run := script{do("exercise", Workspace+"/old").size(steps).mode(h.Sum32()), do("exercise", Workspace+"/new").size(steps).mode(h.Sum32() + 1)}
	var outcomes [2][]result
	for i := range outcomes {
		src := s.newSource(t)
		src.file("/old", content, 0o644)
		var box Box
		if i == 0 {
			box = s.box(t, src, allWritable).box
		} else {
			box = newBare(t, src.dir)
		}
		outcomes[i] = perform(t, box, absolute, []script{run})[0]
	}
	for i, got := range outcomes[0] {
		if want := outcomes[1][i]; got != want || got.Errno != "" {
			t.Errorf("%s (seed %d): a sandbox says %s, a bind mount %s", run[i].Path, run[i].Mode, got, want)
		}
	}
}
