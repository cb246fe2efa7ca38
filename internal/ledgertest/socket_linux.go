// SPDX-License-Identifier: MIT

package ledgertest

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

func socket() (int, error) {
	return unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
}

func bind(path string) error {
	fd, err := socket()
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Bind(fd, &unix.SockaddrUnix{Name: path})
}

func dial(path string) error {
	fd, err := socket()
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Connect(fd, &unix.SockaddrUnix{Name: path})
}

// unixSockets reach what listens on the host, or make names.
func unixSockets() []try {
	return []try{
		attempt("the host's abstract address", "ECONNREFUSED", func() (string, error) { return "", dial("@" + told.Abstract) }),
		attempt("the engine's socket", "ENOENT|EACCES", wrap(func() error { return dial("/var/run/docker.sock") })),
		attempt("the system bus", "ENOENT|EACCES", wrap(func() error { return dial("/run/dbus/system_bus_socket") })),
		guarded("a name of level read", "EROFS", "ENOSYS", wrap(func() error { return bind(ws + "/read/socket") })),
		guarded("a name of level none", "EROFS", "ENOSYS", wrap(func() error { return bind(ws + "/mix/none") })),
		guarded("a name that is taken, of level read", "EADDRINUSE|EROFS", "ENOSYS", wrap(func() error { return bind(ws + "/read/file") })),
		guarded("a name by a symlink", "EROFS|EADDRINUSE", "ENOSYS", wrap(func() error {
			_ = unix.Unlink("/tmp/by")
			if err := unix.Symlink(ws+"/read", "/tmp/by"); err != nil {
				return err
			}
			return bind("/tmp/by/socket")
		})),
	}
}

// socketFamilies are the families of addresses that are not for sandboxes.
func socketFamilies() []try {
	tries := []try{
		attempt("every family but four", "as designed", func() (string, error) {
			for family := range 64 {
				if slices.Contains([]int{unix.AF_UNIX, unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK}, family) {
					continue
				}
				for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_RAW, unix.SOCK_SEQPACKET, unix.SOCK_PACKET} {
					if _, err := unix.Socket(family, kind, 0); err != unix.EAFNOSUPPORT {
						return "", fmt.Errorf("family %d, type %d: %w", family, kind, err)
					}
				}
			}
			return "as designed", nil
		}),
		attempt("packets by the old pair", "EAFNOSUPPORT", wrap(func() error { _, err := unix.Socket(unix.AF_INET, unix.SOCK_PACKET, 0x300); return err })),
		attempt("raw IP", "EPERM|EACCES", wrap(func() error { _, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP); return err })),
		attempt("a family with other bits in the word", "EAFNOSUPPORT", makes("socket", 1<<32|unix.AF_ALG, unix.SOCK_SEQPACKET, 0)),
		attempt("an interface by netlink", "EPERM", addInterface),
		attempt("netfilter by netlink", "EPERM|EPROTONOSUPPORT", func() (string, error) { return "", netlink(unix.NETLINK_NETFILTER, 0xa00, make([]byte, 4)) }),
		attempt("audit by netlink", "EPERM|EPROTONOSUPPORT|ECONNREFUSED", func() (string, error) { return "", netlink(unix.NETLINK_AUDIT, 1000, nil) }),
	}
	return tries
}

// addInterface asks for a dummy interface.
func addInterface() (string, error) {
	body := make([]byte, 16)                              // struct ifinfomsg
	body = append(body, 16, 0, 18, 0, 10, 0, 1, 0)        // IFLA_LINKINFO, IFLA_INFO_KIND
	body = append(body, 'd', 'u', 'm', 'm', 'y', 0, 0, 0) // padded
	return "", netlink(unix.NETLINK_ROUTE, unix.RTM_NEWLINK, body)
}

// netlink sends one request and gives the error of the answer.
func netlink(protocol, kind int, body []byte) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	n := 16 + len(body)
	request := []byte{byte(n), byte(n >> 8), 0, 0, byte(kind), byte(kind >> 8), 5, 6, 1, 0, 0, 0, 0, 0, 0, 0} // REQUEST|ACK|CREATE|EXCL
	if err := unix.Sendto(fd, append(request, body...), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	answer := make([]byte, 4096)
	got, _, err := unix.Recvfrom(fd, answer, 0)
	if err != nil {
		return err
	}
	if got < 20 || answer[4] != unix.NLMSG_ERROR {
		return errors.New("no answer")
	}
	code := int32(answer[16]) | int32(answer[17])<<8 | int32(answer[18])<<16 | int32(answer[19])<<24
	if code == 0 {
		return nil
	}
	return unix.Errno(-code)
}

// passedDescriptors sends a descriptor by SCM_RIGHTS: it is worth no more there.
func passedDescriptors() []try {
	passed := func(path string, flags int, use func(fd int) error) func() (string, error) {
		return func() (string, error) {
			fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0)
			if err != nil {
				return "", err
			}
			defer unix.Close(fd)
			pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				return "", err
			}
			defer unix.Close(pair[0])
			defer unix.Close(pair[1])
			if err := unix.Sendmsg(pair[0], []byte{0}, unix.UnixRights(fd), nil, 0); err != nil {
				return "", err
			}
			oob := make([]byte, 64)
			_, n, _, _, err := unix.Recvmsg(pair[1], make([]byte, 1), oob, unix.MSG_CMSG_CLOEXEC)
			if err != nil {
				return "", err
			}
			messages, err := unix.ParseSocketControlMessage(oob[:n])
			if err != nil {
				return "", err
			}
			got, err := unix.ParseUnixRights(&messages[0])
			if err != nil {
				return "", err
			}
			defer unix.Close(got[0])
			return "", use(got[0])
		}
	}
	write := func(fd int) error { _, err := unix.Write(fd, []byte("attacked")); return err }
	create := func(fd int) error {
		_, err := unix.Openat(fd, "made", unix.O_CREAT|unix.O_WRONLY|unix.O_CLOEXEC, 0o644)
		return err
	}
	again := func(flags int) func(fd int) error {
		return func(fd int) error { _, err := opens(fmt.Sprintf("/proc/self/fd/%d", fd), flags)(); return err }
	}
	return []try{
		attempt("a file for reading, written", "EBADF", passed(ws+"/read/file", unix.O_RDONLY, write)),
		guarded("a file for reading, opened again", "EROFS", "ENOSYS", passed(ws+"/read/file", unix.O_RDONLY, again(unix.O_RDWR))),
		attempt("the path of a file of level view, opened again", "EACCES", passed(ws+"/mix/view", unix.O_PATH, again(unix.O_RDONLY))),
		guarded("a directory, written beneath", "EROFS", "ENOSYS", passed(ws+"/read", unix.O_RDONLY|unix.O_DIRECTORY, create)),
		guarded("the path of a directory, written beneath", "EROFS", "ENOSYS", passed(ws+"/read", unix.O_PATH, create)),
	}
}
