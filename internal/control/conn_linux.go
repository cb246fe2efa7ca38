// SPDX-License-Identifier: MIT

package control

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

const (
	// spillAt is the size over which a message travels in a memfd: a packet
	// must fit the socket's send buffer.
	spillAt = 32 << 10
	// maxSpill bounds what a spilled message may hold: the kernel's own limit
	// on argv and environment together is 6 MiB with the usual stack limit.
	maxSpill = 8 << 20
	// maxFiles is the most files that one message of the owner carries, the
	// spill included: the kernel's own limit (SCM_MAX_FD).
	maxFiles = 253
	// maxPeerFiles is the most that an init has to hand over.
	maxPeerFiles = 8

	kindSpilled = 0xff
)

// Pair makes a connected pair of control sockets, both close-on-exec.
func Pair() (a, b int, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, -1, fmt.Errorf("socketpair: %w", err)
	}
	return fds[0], fds[1], nil
}

// Pack returns the packet for a message, and the memfd that holds it when it is
// large, else -1. A message that the peer would not take is E2BIG.
func Pack(m Message) (packet []byte, spill int, err error) {
	e := encode(m)
	b := e.buf
	if e.long || len(b) > maxSpill {
		return nil, -1, fmt.Errorf("a control message of %d bytes: %w", len(b), unix.E2BIG)
	}
	if len(b) <= spillAt {
		return b, -1, nil
	}
	fd, err := unix.MemfdCreate("control", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, -1, fmt.Errorf("memfd_create: %w", err)
	}
	for off := 0; off < len(b); {
		n, err := unix.Pwrite(fd, b[off:], int64(off))
		if err != nil {
			unix.Close(fd)
			return nil, -1, fmt.Errorf("writing a spilled message: %w", err)
		}
		off += n
	}
	return []byte{kindSpilled}, fd, nil
}

// Send writes a message with files to a blocking socket.
func Send(sock int, m Message, files ...int) error {
	b, spill, err := Pack(m)
	if err != nil {
		return err
	}
	if spill >= 0 {
		defer unix.Close(spill)
		files = append(files, spill)
	}
	var oob []byte
	if len(files) > 0 {
		oob = unix.UnixRights(files...)
	}
	for {
		err = unix.Sendmsg(sock, b, oob, nil, unix.MSG_NOSIGNAL)
		if err != unix.EINTR {
			return os.NewSyscallError("sendmsg", err)
		}
	}
}

// Buffer holds what receiving needs, to be used again for each message.
type Buffer struct {
	data [spillAt + 1]byte
	oob  [1040]byte // room for maxFiles
}

// Receive reads one message and its files, all close-on-exec, from a socket
// that blocks. A closed peer is io.EOF as a zero-length packet: (nil, nil, nil).
func Receive(sock int, buf *Buffer) (Message, []int, error) {
	for {
		n, oobn, flags, _, err := unix.Recvmsg(sock, buf.data[:], buf.oob[:], unix.MSG_CMSG_CLOEXEC)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, nil, os.NewSyscallError("recvmsg", err)
		}
		return Unpack(buf.data[:n], buf.oob[:oobn], flags)
	}
}

// Unpack parses a packet of the owner. On an error all attached files are closed.
func Unpack(data, oob []byte, flags int) (Message, []int, error) {
	return unpack(data, oob, flags, maxFiles, CloseFiles)
}

func unpack(data, oob []byte, flags, most int, drop func(files []int)) (Message, []int, error) {
	files, err := parseFiles(oob)
	if err == nil && (len(files) > most || flags&(unix.MSG_TRUNC|unix.MSG_CTRUNC) != 0) {
		err = ErrMalformed
	}
	if err != nil {
		drop(files)
		return nil, nil, err
	}
	if len(data) == 0 {
		drop(files)
		return nil, nil, nil
	}
	if data[0] == kindSpilled {
		if data, files, err = unspill(files); err != nil {
			return nil, nil, err
		}
	}
	m, err := Decode(data)
	if err != nil {
		drop(files)
		return nil, nil, err
	}
	return m, files, nil
}

func parseFiles(oob []byte) ([]int, error) {
	if len(oob) == 0 {
		return nil, nil
	}
	msgs, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil, ErrMalformed
	}
	var files []int
	for i := range msgs {
		if len(msgs[i].Data)%4 != 0 { // on which ParseUnixRights panics
			err = ErrMalformed
			continue
		}
		fds, other := unix.ParseUnixRights(&msgs[i])
		if other != nil {
			err = ErrMalformed
		}
		files = append(files, fds...)
	}
	return files, err
}

// unspill reads the message that the last file holds.
func unspill(files []int) ([]byte, []int, error) {
	if len(files) == 0 {
		return nil, nil, ErrMalformed
	}
	fd, rest := files[len(files)-1], files[:len(files)-1]
	defer unix.Close(fd)
	data, err := readAll(fd)
	if err != nil {
		CloseFiles(rest)
		return nil, nil, err
	}
	return data, rest, nil
}

func readAll(fd int) ([]byte, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG || st.Size > maxSpill {
		return nil, ErrMalformed
	}
	data := make([]byte, st.Size)
	for off := 0; off < len(data); {
		n, err := unix.Pread(fd, data[off:], int64(off))
		if err != nil || n == 0 {
			return nil, ErrMalformed
		}
		off += n
	}
	return data, nil
}

// CloseFiles closes received files.
func CloseFiles(files []int) {
	for _, fd := range files {
		unix.Close(fd)
	}
}

// UnpackPeer is Unpack for what the owner is told, which never needs to be large.
func UnpackPeer(data, oob []byte, flags int) (Message, []int, error) {
	if len(data) > 0 && data[0] == kindSpilled {
		files, _ := parseFiles(oob)
		DismissFiles(files)
		return nil, nil, ErrMalformed
	}
	return unpack(data, oob, flags, maxPeerFiles, DismissFiles)
}
