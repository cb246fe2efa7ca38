// SPDX-License-Identifier: MIT

package probe

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/idrange"
)

// patience is how long a child may take. It takes a few milliseconds; one that
// was stopped, or that a filter holds, must not hold the parent.
const patience = 10 * time.Second

// The user as whom the child runs: the sandbox's.
const childUser = 1000

// others are the namespaces besides the user's that a sandbox has.
var others = []struct {
	name string
	flag uintptr
}{
	{"mount", unix.CLONE_NEWNS},
	{"pid", unix.CLONE_NEWPID},
	{"ipc", unix.CLONE_NEWIPC},
	{"uts", unix.CLONE_NEWUTS},
	{"net", unix.CLONE_NEWNET},
	{"cgroup", unix.CLONE_NEWCGROUP},
}

// setupCaps are what a sandbox's init holds in its own user namespace while it
// makes the mounts.
var setupCaps = []uintptr{
	unix.CAP_CHOWN, unix.CAP_DAC_OVERRIDE, unix.CAP_DAC_READ_SEARCH, unix.CAP_FOWNER, unix.CAP_FSETID,
	unix.CAP_MKNOD, unix.CAP_NET_ADMIN, unix.CAP_SETPCAP, unix.CAP_SYS_ADMIN,
}

// mapsRange reports whether sandboxes get a range of users of their own.
func (f *Facts) mapsRange() bool { return f.UID == 0 && f.Ranged }

// attributes are those of a child in new namespaces, as the native runtime's
// init has them.
func (f *Facts) attributes(flags uintptr) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER | flags, AmbientCaps: setupCaps, Pdeathsig: syscall.SIGKILL}
	if f.mapsRange() {
		ids := []syscall.SysProcIDMap{{ContainerID: 0, HostID: idrange.Base, Size: idrange.Count}}
		attr.UidMappings, attr.GidMappings = ids, ids
		attr.GidMappingsEnableSetgroups = true
		attr.Credential = &syscall.Credential{Uid: childUser, Gid: childUser}
		return attr
	}
	attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: childUser, HostID: os.Geteuid(), Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: childUser, HostID: os.Getegid(), Size: 1}}
	return attr
}

// fork starts the program as a child for a purpose.
func fork(attr *syscall.SysProcAttr, purpose string, files ...int) (pid int, err error) {
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(null)
	inherit := []uintptr{uintptr(null), uintptr(null), uintptr(null)}
	for _, fd := range files {
		inherit = append(inherit, uintptr(fd))
	}
	return syscall.ForkExec("/proc/self/exe", []string{childArg, purpose}, &syscall.ProcAttr{
		Env: []string{"GOMAXPROCS=1", "GOTRACEBACK=none"}, Files: inherit, Sys: attr,
	})
}

// children finds out what a child in new namespaces can do. dir is the work
// directory; "" if there is none.
func (f *Facts) children(dir string) {
	// The child dies with the thread that forked it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var all uintptr
	for _, ns := range others {
		all |= ns.flag
	}
	f.Child.Start = tried(f.child(all, dir))
	if f.Child.Start.Err == nil {
		return
	}
	f.Child.User = tried(f.nothing(0))
	f.Child.Namespaces = map[string]Trial{}
	for _, ns := range others {
		f.Child.Namespaces[ns.name] = tried(f.nothing(ns.flag))
	}
}

// nothing runs a child that ends at once.
func (f *Facts) nothing(flags uintptr) error {
	pid, err := fork(f.attributes(flags), forNothing)
	if err == nil {
		reap(pid)
	}
	return err
}

func reap(pid int) {
	for {
		if _, err := unix.Wait4(pid, nil, 0, nil); err != unix.EINTR {
			return
		}
	}
}

// child runs a child through all trials.
func (f *Facts) child(flags uintptr, dir string) error {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(pair[0])
	files, purpose := []int{pair[1]}, dir
	if f.mapsRange() {
		purpose = forInherited
		// A user who is nobody may not be let through the directories above.
		tree, err := unix.OpenTree(unix.AT_FDCWD, dir, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
		if err != nil {
			f.Child.Layer = tried(err)
			tree = pair[1]
		} else {
			defer unix.Close(tree)
		}
		files = append(files, tree)
	}
	pid, err := fork(f.attributes(flags), purpose, files...)
	unix.Close(pair[1])
	if err != nil {
		return err
	}
	defer reap(pid)
	defer func() { _ = unix.Kill(pid, unix.SIGKILL) }()
	if f.mapsRange() {
		f.Files.IDMap = tried(mapIDs(dir, pid))
	}
	f.listen(pair[0], pid)
	return nil
}

// listen takes what a child tells, and answers what its filter asks, until it
// has ended.
func (f *Facts) listen(sock, pid int) {
	if _, err := unix.Write(sock, []byte{0}); err != nil {
		return
	}
	deadline := time.Now().Add(patience)
	var l *listener
	for time.Now().Before(deadline) {
		poll := []unix.PollFd{{Fd: int32(sock), Events: unix.POLLIN}}
		if l != nil {
			poll = append(poll, unix.PollFd{Fd: int32(l.fd), Events: unix.POLLIN})
		}
		if n, err := unix.Poll(poll, int(time.Until(deadline).Milliseconds())); n <= 0 {
			if err == unix.EINTR {
				continue
			}
			break
		}
		if l != nil && poll[1].Revents&unix.POLLIN != 0 {
			l.serve()
		}
		if poll[0].Revents == 0 {
			continue
		}
		fd, more := f.take(sock)
		if !more {
			break
		}
		if fd >= 0 {
			l = newListener(fd, pid, &f.Door, deadline)
			defer unix.Close(fd)
		}
	}
}

// take takes one message of a child, and the file that comes with it or -1.
func (f *Facts) take(sock int) (fd int, more bool) {
	buf, oob := make([]byte, 128), make([]byte, 64)
	n, oobn, _, _, err := unix.Recvmsg(sock, buf, oob, unix.MSG_CMSG_CLOEXEC)
	if err == unix.EINTR {
		return -1, true
	}
	if err != nil || n == 0 {
		return -1, false
	}
	step, code, _ := strings.Cut(string(buf[:n]), " ")
	errno, err := strconv.Atoi(code)
	if err != nil {
		return -1, false
	}
	t := tried(nil)
	if errno != 0 {
		t.Err = syscall.Errno(errno)
	}
	if to := f.trial(step); to != nil {
		*to = t
	}
	return attached(oob[:oobn]), true
}

func attached(oob []byte) int {
	msgs, err := unix.ParseSocketControlMessage(oob)
	if err != nil || len(msgs) != 1 {
		return -1
	}
	fds, err := unix.ParseUnixRights(&msgs[0])
	if err != nil || len(fds) != 1 {
		return -1
	}
	return fds[0]
}

// trial is where the outcome of a child's step belongs.
func (f *Facts) trial(step string) *Trial {
	switch step {
	case "private":
		return &f.Child.Private
	case "layer":
		if f.Child.Layer.Err != nil { // it had none to reach
			return nil
		}
		return &f.Child.Layer
	case "tmpfs":
		return &f.Child.Tmpfs
	case "bind":
		return &f.Child.Bind
	case "proc":
		return &f.Child.Proc
	case "devpts":
		return &f.Child.Devpts
	case "pty":
		return &f.Child.PTY
	case "overlay":
		return &f.Child.Overlay
	case "cover":
		return &f.Child.Cover
	case "pivot":
		return &f.Child.Pivot
	case "landlock":
		return &f.Child.Landlock
	case "filter":
		return &f.Child.Filter
	case "listener":
		return &f.Door.Listener
	case "killable":
		return &f.Door.Killable
	case "addfd":
		return &f.Door.AddFD
	}
	return nil
}
