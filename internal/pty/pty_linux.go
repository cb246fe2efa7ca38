// SPDX-License-Identifier: MIT

package pty

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// Open makes a pseudo-terminal in the sandbox whose root is given, an O_PATH
// directory (pts(4)). What is opened is checked to be one: the name could lead
// to something else if the sandbox's init had been taken over.
func Open(root *os.File, size Size) (master, slave *os.File, err error) {
	const flags = unix.O_RDWR | unix.O_NOCTTY | unix.O_NONBLOCK | unix.O_CLOEXEC
	fd, err := unix.Openat2(int(root.Fd()), "dev/pts/ptmx", &unix.OpenHow{
		Flags: flags, Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("opening a pseudo-terminal: %w", err)
	}
	var fs unix.Statfs_t
	if err := unix.Fstatfs(fd, &fs); err != nil || fs.Type != unix.DEVPTS_SUPER_MAGIC {
		unix.Close(fd)
		return nil, nil, errors.New("opening a pseudo-terminal: /dev/pts of the sandbox is not a devpts")
	}
	master = os.NewFile(uintptr(fd), "pseudo-terminal")
	if slave, err = peer(fd); err == nil {
		if err = Resize(master, size); err == nil {
			return master, slave, nil
		}
		slave.Close()
	}
	master.Close()
	return nil, nil, fmt.Errorf("opening a pseudo-terminal: %w", err)
}

// Give makes a terminal somebody's, who may then open it by its name: pts(4) has it
// as whoever has opened the master.
func Give(slave *os.File, uid int) error { return slave.Chown(uid, -1) }

// peer opens the slave by its master (ioctl_tty(2), TIOCGPTPEER), and not by a name.
func peer(master int) (*os.File, error) {
	if err := unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0); err != nil {
		return nil, err
	}
	fd, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(master), unix.TIOCGPTPEER, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC)
	if errno != 0 {
		return nil, errno
	}
	return os.NewFile(fd, "terminal"), nil
}

// Resize tells the processes at a terminal how large it is. Zero is 24 by 80. One that
// is closed is os.ErrClosed.
func Resize(master *os.File, size Size) error {
	if size == (Size{}) {
		size = Size{Rows: 24, Cols: 80}
	}
	own, err := duplicate(master) // somebody may close the other meanwhile
	if err != nil {
		return err
	}
	defer own.Close()
	return pty.Setsize(own, &pty.Winsize{Rows: size.Rows, Cols: size.Cols})
}

// duplicate opens a file once more, unless it is closed.
func duplicate(f *os.File) (*os.File, error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	own := -1
	if e := conn.Control(func(fd uintptr) { own, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) }); e != nil {
		return nil, os.ErrClosed // the only reason there is, which Control has no public name for
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(own), f.Name()), nil
}

// Type types what a reader has, and then what ends the input of a program that
// reads lines: the EOF character (termios(3), VEOF), twice in the middle of a
// line, which the first one only hands over. A program that reads each key gets
// none. A nil reader has nothing.
func Type(master *os.File, input io.Reader) error {
	keys := keyboard{master: master, last: '\n'}
	if input != nil {
		if _, err := io.Copy(&keys, input); err != nil {
			return err
		}
	}
	conn, err := master.SyscallConn()
	if err != nil {
		return err
	}
	var t *unix.Termios
	if e := conn.Control(func(fd uintptr) { t, err = unix.IoctlGetTermios(int(fd), unix.TCGETS) }); e != nil {
		return e
	}
	if err != nil || t.Lflag&unix.ICANON == 0 {
		return err
	}
	end := []byte{t.Cc[unix.VEOF]}
	if keys.last != '\n' && keys.last != '\r' && keys.last != end[0] {
		end = append(end, end[0])
	}
	_, err = master.Write(end)
	return err
}

// keyboard remembers what was typed last.
type keyboard struct {
	master *os.File
	last   byte
}

func (k *keyboard) Write(p []byte) (int, error) {
	n, err := k.master.Write(p)
	if n > 0 {
		k.last = p[n-1]
	}
	return n, err
}
